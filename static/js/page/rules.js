// The server's rules, for messages that scripts draw or place before the server has drawn them.
const { dataset } = document.querySelector(".app");
const SECOND = 1e6; // places of messages count microseconds

/** Messages of one sender within this time form a group. */
export const GROUP_WITHIN = Number(dataset.groupGap) * SECOND;
/** Pictures within this time of each other stand in one album, from this many on, of which so many are shown. */
export const ALBUM_WITHIN = Number(dataset.albumGap) * SECOND;
export const ALBUM_LEAST = Number(dataset.albumLeast);
export const ALBUM_SHOWN = Number(dataset.albumShown);
/** The customer service window closes soon when it closes within so many seconds. */
export const CLOSING_SOON = Number(dataset.closingSoon);
/** Characters of a caption. */
export const CAPTION_LIMIT = Number(dataset.captionLimit);
