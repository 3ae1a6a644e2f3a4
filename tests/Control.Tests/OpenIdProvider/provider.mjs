// A real OpenID provider with one client and no user of its own: whoever is named at its login page exists.
// Arguments: the folder of its modules, the redirect URI. Prints its issuer when it listens.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [modules, redirect] = process.argv.slice(2);
const entry = createRequire(`${modules}/`).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(entry));

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "keyhole",
      client_secret: "a secret of the client, only for this test",
      application_type: "native",
      redirect_uris: [redirect],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      token_endpoint_auth_method: "client_secret_basic",
      id_token_signed_response_alg: "RS256",
    }],
    claims: { openid: ["sub", "groups"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@acme.example`,
        email_verified: id !== "unverified",
        groups: id === "guest" ? [] : ["vpn"],
      }),
    }),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
