// The microphone: press to record, press again to send as a voice note. Hidden where the browser cannot record.

const button = document.querySelector("[data-record]");
button.hidden = !navigator.mediaDevices?.getUserMedia || !window.MediaRecorder;
let recorder = null;

function draw(recording) {
  button.setAttribute("aria-pressed", String(recording));
  button.title = recording ? "Stop and send" : "Record";
  button.querySelector("use").setAttribute("href", recording ? "#icon-stop" : "#icon-mic");
  button.querySelector(".visually-hidden").textContent = button.title;
}

button.addEventListener("click", async () => {
  if (recorder) {
    recorder.stop();
    return;
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    document.querySelector("[data-said]").textContent = "The browser gave no microphone.";
    return;
  }
  const parts = [];
  recorder = new MediaRecorder(stream);
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.addEventListener("stop", () => {
    stream.getTracks().forEach((track) => track.stop());
    const type = recorder.mimeType;
    recorder = null;
    draw(false);
    document.dispatchEvent(new CustomEvent("simulator:recorded", { detail: new Blob(parts, { type }) }));
  });
  recorder.start();
  draw(true);
});
