// Translations. Pages in languages other than English carry a catalogue: see inbox/web/catalogue.py.
const element = document.querySelector("#catalogue");
const catalogue = element ? JSON.parse(element.textContent) : {};
export const language = document.documentElement.lang || "en";
const rules = new Intl.PluralRules(language);
const CATEGORIES = ["zero", "one", "two", "few", "many", "other"].filter((name) => rules.resolvedOptions().pluralCategories.includes(name));

export const gettext = (message) => catalogue[message] ?? message;

/** The form for this count. Catalogues list forms in the order of the categories, or only one and other. */
export function ngettext(singular, plural, count) {
  const category = rules.select(count);
  const forms = catalogue[singular];
  if (!forms) return category === "one" ? singular : plural;
  return forms.length === CATEGORIES.length ? forms[CATEGORIES.indexOf(category)] : forms.at(category === "one" ? 0 : -1);
}

/** Fill in the named placeholders of a sentence: %(name)s, %(count)d, %(minutes)02d. */
export function interpolate(sentence, values) {
  return sentence.replace(/%\((\w+)\)(?:0(\d))?[sd]/g, (_, name, width) => String(values[name]).padStart(width ?? 0, "0"));
}

/** 0.5 as 50 %, the way the language writes it. */
export const percent = (share) => new Intl.NumberFormat(language, { style: "percent" }).format(share);
