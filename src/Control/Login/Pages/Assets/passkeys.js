"use strict";
// The two ceremonies of passkeys: asks the server for options, the browser for its answer, and sends that back.
const send = async (path, body) => {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-Keyhole": "1" }, body: JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.errors ? Object.values(answer.errors)[0][0] : answer.detail);
  return answer;
};
const show = (form, error) => {
  const place = form.querySelector("[data-problem]");
  place.textContent = error.name === "NotAllowedError" ? "The browser gave no passkey." : error.message;
  place.hidden = false;
};
const logIn = async (form) => {
  const { options, ticket } = await send("/api/v1/login/passkey/options", {});
  const credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  await send("/api/v1/login/passkey", { ticket, credential: credential.toJSON() });
  location.assign(form.dataset.next);
};
const register = async (form) => {
  const { options, ticket } = await send("/api/v1/account/passkeys/options", { password: form.elements.password ? form.elements.password.value : "" });
  const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
  await send("/api/v1/account/passkeys", { ticket, name: form.elements.name.value, credential: credential.toJSON() });
  location.reload();
};
for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseCreationOptionsFromJSON) continue;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    (form.dataset.passkey === "login" ? logIn(form) : register(form)).catch((error) => show(form, error));
  });
}
