using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole login</c>: a person approves this machine in a browser, here or anywhere (RFC 8628).</summary>
internal static class LoginCommand
{
    private const string GrantType = "urn:ietf:params:oauth:grant-type:device_code";
    private static readonly TimeSpan Slower = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var url = new Argument<string?>("URL") { Description = "Where Control is: https://control.example.com. Not needed a second time. [KEYHOLE_ENDPOINT]", Arity = ArgumentArity.ZeroOrOne };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Only print the address and the code; open them on any machine." };
        var allowHttp = new Option<bool>("--allow-http") { Description = "Speak http to a Control that is not on this machine." };
        var json = new Option<bool>("--json") { Description = "Print JSON objects, one per line: what to open, then who is logged in." };
        return AgentProgram.DirectoryCommand(
            "login", "Logs this machine in as a user. Its tunnel ('keyhole up') lives as long as the login.", UpSettings.Data, [url, noBrowser, allowHttp, json],
            (directory, parsed, output) => RunAsync(directory, parsed.GetValue(url), !parsed.GetValue(noBrowser), parsed.GetValue(allowHttp), parsed.GetValue(json), output));
    }

    private static async Task<int> RunAsync(string directory, string? url, bool withBrowser, bool allowHttp, bool json, TextWriter output)
    {
        var before = LoginRecord.Load(directory);
        string text = url ?? Environment.GetEnvironmentVariable(AgentSettings.Endpoint.Variable)?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? before?.Endpoint.AbsoluteUri
            ?? throw new AgentException("Where is Control? Run 'keyhole login https://control.example.com'.");
        var endpoint = AgentOptions.EndpointFrom(text, allowHttp || (url is null && before?.Endpoint.AbsoluteUri == text));
        using var api = new ControlApi(endpoint, null);
        var (status, grant) = await api.PostFormAsync("login/device", ("client_id", "keyhole"), ("device_name", Environment.MachineName)).ConfigureAwait(false);
        if (status != HttpStatusCode.OK || (string?)grant["device_code"] is not { } code)
            throw ControlApi.Refusal(status, grant);
        string page = (string?)grant["verification_uri_complete"] ?? "";
        await output.WriteLineAsync(json
            ? new JsonObject { ["open"] = page, ["code"] = (string?)grant["user_code"] }.ToJsonString()
            : AgentProgram.Shown($"Open {page}") + "\n" + AgentProgram.Shown($"and check that it shows the code {(string?)grant["user_code"]}.")).ConfigureAwait(false);
        await output.FlushAsync().ConfigureAwait(false);
        if (withBrowser)
            OpenBrowser(page);
        var token = await WaitAsync(api, code, (int?)grant["interval"] ?? 5).ConfigureAwait(false);
        var login = new LoginRecord(
            endpoint, (string?)token["account"] ?? "", (string)token["access_token"]!, DateTimeOffset.UtcNow.AddSeconds((int?)token["expires_in"] ?? 0), null);
        login = await SelectAsync(login, before).ConfigureAwait(false);
        login.Save(directory);
        if (before is not null)
            await EndAsync(before).ConfigureAwait(false);
        await output.WriteLineAsync(json
            ? new JsonObject { ["account"] = login.Account, ["organisation"] = login.Organisation, ["expires"] = login.Expires.ToString("O", CultureInfo.InvariantCulture) }.ToJsonString()
            : AgentProgram.Shown($"Logged in as {login.Account}{(login.Organisation is { } name ? $", organisation {name}" : "; choose an organisation with 'keyhole select org'")}.")).ConfigureAwait(false);
        return 0;
    }

    private static async Task<JsonObject> WaitAsync(ControlApi api, string code, int seconds)
    {
        var interval = TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 60));
        while (true)
        {
            await Task.Delay(interval).ConfigureAwait(false);
            var (status, body) = await api.PostFormAsync("login/token", ("grant_type", GrantType), ("device_code", code), ("client_id", "keyhole")).ConfigureAwait(false);
            if (status == HttpStatusCode.OK && (string?)body["access_token"] is not null)
                return body;
            switch ((string?)body["error"])
            {
                case "authorization_pending":
                    break;
                case "slow_down":
                    interval += Slower;
                    break;
                case "access_denied":
                    throw new AgentException("The login was turned away.");
                case "expired_token":
                    throw new AgentException("Nobody approved the login in time: run 'keyhole login' again.");
                default:
                    throw ControlApi.Refusal(status, body);
            }
        }
    }

    /// <summary>Keeps the organisation that was selected before, or takes the only one.</summary>
    private static async Task<LoginRecord> SelectAsync(LoginRecord login, LoginRecord? before)
    {
        using var api = new ControlApi(login.Endpoint, login.Token);
        var names = await Organisations.ListAsync(api).ConfigureAwait(false);
        string? selected = before?.Endpoint == login.Endpoint && before.Organisation is { } kept && names.Contains(kept, StringComparer.OrdinalIgnoreCase) ? kept : null;
        return login with { Organisation = selected ?? (names.Count == 1 ? names[0] : null) };
    }

    /// <summary>The session of before is not needed any more. Whether Control hears that does not matter here: it expires.</summary>
    private static async Task EndAsync(LoginRecord before)
    {
        try
        {
            using var api = new ControlApi(before.Endpoint, before.Token);
            await api.PostAsync("logout", []).ConfigureAwait(false);
        }
        catch (AgentException)
        {
            // It is not reachable.
        }
    }

    private static void OpenBrowser(string page)
    {
        // An address from the network goes to the desktop's opener as one argument, and only when it is one.
        if (!Uri.TryCreate(page, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || Environment.IsPrivilegedProcess)
            return;
        bool hasDesktop = !OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("DISPLAY") is { Length: > 0 } || Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is { Length: > 0 };
        if (!hasDesktop)
            return;
        try
        {
            using var opened = OperatingSystem.IsWindows()
                ? Process.Start(new ProcessStartInfo(uri.AbsoluteUri) { UseShellExecute = true })
                : Process.Start(new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [uri.AbsoluteUri]) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            // There is none: the address was printed.
        }
    }
}
