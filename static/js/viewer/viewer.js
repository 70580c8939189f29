// The viewer as a page of its own.
import "./film-player.js";
import "./page-pane.js";
import "./playback.js";
import "./voice-note.js";
import "./zoom-stage.js";
