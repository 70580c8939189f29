// The page of one photo, film, sound or document.
import "./film-player.js";
import "./page-pane.js";
import "./playback.js";
import "./voice-note.js";
import "./zoom-stage.js";
