// The sign-in page.

import { signal } from "@preact/signals";

import { post } from "./api.js";
import { html } from "./html.js";
import { language, switchLanguage, t } from "./language.js";
import { isDark, switchTheme, theme } from "./theme.js";

const trouble = signal(null);
const busy = signal(false);

async function submit(event) {
  event.preventDefault();
  if (busy.value) return;
  busy.value = true;
  trouble.value = null;
  const { login, password } = Object.fromEntries(new FormData(event.target));
  try {
    await post("/api/session", { login, password });
    location.assign("/");
  } catch (refusal) {
    trouble.value = refusal;
    busy.value = false;
    event.target.elements.password.select();
  }
}

function words(refusal) {
  if (refusal.status === 429) return t("sign_in.wait", { n: refusal.retryAfter });
  if (refusal.status === 401) return t("sign_in.wrong");
  return refusal.status ? t("error.refused", { detail: refusal.message }) : t("error.offline");
}

export function SignIn() {
  document.title = t("sign_in.page");
  void theme.value;
  const other = language.value === "zh" ? "en" : "zh";
  return html`<main class="sign-in">
    <form onSubmit=${submit} aria-labelledby="sign-in-title">
      <div class="mark">
        <img src=${document.querySelector("link[rel=icon]").href} alt="" width="40" height="40" />
        <h1 id="sign-in-title">${t("sign_in.title")}</h1>
      </div>
      <div class="field">
        <label for="login">${t("sign_in.login")}</label>
        <input class="input" id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck=${false}
          required maxlength="64" autofocus aria-describedby="sign-in-trouble" />
      </div>
      <div class="field">
        <label for="password">${t("sign_in.password")}</label>
        <input class="input" id="password" name="password" type="password" autocomplete="current-password" required
          maxlength="256" aria-describedby="sign-in-trouble" />
      </div>
      <p class="error-text" id="sign-in-trouble" role="alert">${trouble.value ? words(trouble.value) : ""}</p>
      <button class="button primary block" disabled=${busy.value}>${t("sign_in.submit")}</button>
      <div class="choices">
        <button type="button" class="button plain" lang=${other === "zh" ? "zh-CN" : "en"}
          onClick=${() => switchLanguage(other)}>${t("language.other")}</button>
        <button type="button" class="button plain" onClick=${() => switchTheme(isDark() ? "light" : "dark")}>
          ${isDark() ? t("theme.light") : t("theme.dark")}
        </button>
      </div>
    </form>
  </main>`;
}
