// Fills in the coordinates of this device.
import { gettext } from "../i18n.js";

/** Ask the browser for the position, for the form of this button. */
export function locate(button) {
  const form = button.closest("form");
  button.disabled = true;
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      form.elements.latitude.value = coords.latitude.toFixed(6);
      form.elements.longitude.value = coords.longitude.toFixed(6);
      button.disabled = false;
      form.elements.name.focus();
    },
    () => {
      button.disabled = false;
      button.textContent = gettext("Location not available. Allow it in the browser’s settings.");
    },
    { enableHighAccuracy: true, timeout: 15_000 },
  );
}
