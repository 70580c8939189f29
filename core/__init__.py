"""Infrastructure that knows neither WhatsApp nor the inbox."""
