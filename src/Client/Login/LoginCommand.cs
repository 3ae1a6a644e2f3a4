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
    public static Command Create()
    {
        var url = new Argument<string?>("URL") { Description = "Where Control is: https://control.example.com. Not needed a second time. [KEYHOLE_ENDPOINT]", Arity = ArgumentArity.ZeroOrOne };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Only print the address and the code; open them on any machine." };
        var allowHttp = new Option<bool>("--allow-http") { Description = "Speak http to a Control that is not on this machine." };
        var json = new Option<bool>("--json") { Description = "Print JSON objects, one per line: what to open, then who is logged in." };
        return AgentProgram.DirectoryCommand(
            "login", "Logs this machine in as a user. Its tunnel ('keyhole up') lives as long as the login.", UpSettings.Data, [url, noBrowser, allowHttp, json],
            (directory, parsed, output) => RunAsync(directory, parsed.GetValue(url), !parsed.GetValue(noBrowser), parsed.GetValue(allowHttp), parsed.GetValue(json), output, TimeProvider.System));
    }

    internal static async Task<int> RunAsync(string directory, string? url, bool withBrowser, bool allowHttp, bool json, TextWriter output, TimeProvider time)
    {
        var before = LoginRecord.Load(directory);
        string text = url ?? Environment.GetEnvironmentVariable(AgentSettings.Endpoint.Variable)?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? before?.Endpoint.AbsoluteUri
            ?? throw new AgentException("Where is Control? Run 'keyhole login https://control.example.com'.");
        var endpoint = AgentOptions.EndpointFrom(text, allowHttp || (url is null && before?.Endpoint.AbsoluteUri == text));
        // Nobody is to approve what cannot be kept.
        DataDirectory.CheckWritable(directory);
        using var api = new ControlApi(endpoint, null);
        var grant = await DeviceGrant.BeginAsync(api, time).ConfigureAwait(false);
        await output.WriteLineAsync(json
            ? new JsonObject { ["open"] = grant.Page, ["code"] = grant.UserCode }.ToJsonString()
            : AgentProgram.Shown($"Open {grant.Page}") + "\n" + AgentProgram.Shown($"and check that it shows the code {grant.UserCode}.")).ConfigureAwait(false);
        await output.FlushAsync().ConfigureAwait(false);
        if (withBrowser)
            OpenBrowser(grant.Page);
        var token = await grant.TokenAsync().ConfigureAwait(false);
        var login = new LoginRecord(
            endpoint, (string?)token["account"] ?? "", (string)token["access_token"]!, DateTimeOffset.UtcNow.AddSeconds((int?)token["expires_in"] ?? 0),
            before?.Endpoint == endpoint ? before.Organisation : null);
        // Kept before anything else can go wrong: the code is used up.
        login.Save(directory);
        login = await SelectAsync(login).ConfigureAwait(false);
        login.Save(directory);
        bool hasTunnel = before is not null && await HasTunnelAsync(directory).ConfigureAwait(false);
        bool endsTunnel = before is not null && await EndAsync(before).ConfigureAwait(false) && hasTunnel;
        await output.WriteLineAsync(json
            ? new JsonObject
            {
                ["account"] = login.Account,
                ["organisation"] = login.Organisation,
                ["expires"] = login.Expires.ToString("O", CultureInfo.InvariantCulture),
                ["tunnelEnds"] = endsTunnel,
            }.ToJsonString()
            : AgentProgram.Shown($"Logged in as {login.Account}{(login.Organisation is { } name ? $", organisation {name}" : "; choose an organisation with 'keyhole select org'")}.")
                + (endsTunnel ? "\nThe tunnel that is up lives by the login before, which ends now: run 'keyhole up' again." : "")).ConfigureAwait(false);
        return 0;
    }

    /// <summary>Keeps the organisation that was selected before where it is one of the account's, or takes the only one.</summary>
    private static async Task<LoginRecord> SelectAsync(LoginRecord login)
    {
        try
        {
            using var api = new ControlApi(login.Endpoint, login.Token);
            var names = await Organisations.ListAsync(api).ConfigureAwait(false);
            return login with { Organisation = names.FirstOrDefault(name => string.Equals(name, login.Organisation, StringComparison.OrdinalIgnoreCase)) ?? (names.Count == 1 ? names[0] : null) };
        }
        catch (AgentException)
        {
            // 'keyhole up' asks again.
            return login;
        }
    }

    /// <summary>Whether the client that runs lives by a login, and not by a machine's secret.</summary>
    private static async Task<bool> HasTunnelAsync(string directory)
    {
        try
        {
            return (await AgentProgram.AskAsync(directory, "status").ConfigureAwait(false))["login"] is not null;
        }
        catch (AgentException)
        {
            return false;
        }
    }

    /// <summary>The session of before is not needed any more.</summary>
    /// <returns>False where Control does not hear that: it lives until it expires.</returns>
    private static async Task<bool> EndAsync(LoginRecord before)
    {
        try
        {
            using var api = new ControlApi(before.Endpoint, before.Token);
            return (await api.PostAsync("logout", []).ConfigureAwait(false)).Status == HttpStatusCode.NoContent;
        }
        catch (AgentException)
        {
            return false;
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
