using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Keyhole.Control;

internal static class SshCommand
{
    public static Command Create(Terminal terminal) => new("ssh", "Logins by SSH: the CA of an organisation, and the hosts that trust it.")
    {
        Authority(terminal), Rotate(terminal), Retire(terminal), Hosts(terminal), ForgetHost(terminal),
    };

    private static Command Authority(Terminal terminal)
    {
        var (data, organisation, json) = (Commands.DataOption(), Commands.OrganisationOption(), Commands.JsonOption());
        var command = new Command("authority", "Show the public keys of the CA, newest first, and which hosts trust them.") { data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
            await ShowAsync(terminal, await client.GetAsync(SshOperatorRoutes.Authority, OperatorJson.Default.SshAuthorityView), arguments.GetValue(json))));
        return command;
    }

    private static Command Rotate(Terminal terminal)
    {
        var (data, organisation, json) = (Commands.DataOption(), Commands.OrganisationOption(), Commands.JsonOption());
        var command = new Command("rotate", "Add a key to the CA. Hosts are told; each is signed for with the new key as soon as it trusts it. Retire the old key then.") { data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), client =>
            ChangeAsync(terminal, client, new SshKeyRequest(null, Force: false), arguments.GetValue(json))));
        return command;
    }

    private static Command Retire(Terminal terminal)
    {
        var fingerprint = new Argument<string>("FINGERPRINT") { Description = "The key, as \"ssh authority\" shows it: SHA256:…" };
        var force = new Option<bool>("--force") { Description = "Also where a host trusts no newer key: its users are locked out until it does." };
        var (data, organisation, json) = (Commands.DataOption(), Commands.OrganisationOption(), Commands.JsonOption());
        var command = new Command("retire", "Take an old key of the CA away: what it signed opens nothing any more.") { fingerprint, force, data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), client =>
            ChangeAsync(terminal, client, new SshKeyRequest(arguments.GetRequiredValue(fingerprint), arguments.GetValue(force)), arguments.GetValue(json))));
        return command;
    }

    private static Command Hosts(Terminal terminal)
    {
        var (data, organisation, json) = (Commands.DataOption(), Commands.OrganisationOption(), Commands.JsonOption());
        var command = new Command("hosts", "Show the hosts that people log in to: their keys, what they trust, and what is wrong.") { data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var answer = await client.GetAsync(SshOperatorRoutes.Hosts, OperatorJson.Default.SshHostsAnswer);
            if (arguments.GetValue(json))
            {
                await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(answer, OperatorJson.Readable.SshHostsAnswer));
                return 0;
            }

            foreach (var host in answer.Hosts)
            {
                string contact = host.LastContact is { } at ? string.Create(CultureInfo.InvariantCulture, $"last contact {at.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z by {host.Connector ?? "nobody"}") : "no contact yet";
                await terminal.Output.WriteLineAsync($"{host.Resource,-20} {host.Destination}, daemon: {host.Daemon}, {contact}");
                foreach (string key in host.HostKeys)
                    await terminal.Output.WriteLineAsync($"{"",-20} key {key}");
                foreach (string key in host.OfferedKeys)
                    await terminal.Output.WriteLineAsync($"{"",-20} shows {key}, which is not taken");
                foreach (string key in host.Trusted)
                    await terminal.Output.WriteLineAsync($"{"",-20} trusts {key}");
                if (host.Error is { } error)
                    await terminal.Output.WriteLineAsync($"{"",-20} error: {error}");
            }

            return 0;
        }));
        return command;
    }

    private static Command ForgetHost(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "The resource as the network file names it, or its alias." };
        var keys = new Option<string[]>("--key") { Description = "The fingerprint of a key that is to be taken, for scripts: nothing is asked, and nothing done if the host shows others. More than once for several.", HelpName = "SHA256:…" };
        var yes = new Option<bool>("--yes") { Description = "Take whatever the host shows, without asking." };
        var (data, organisation) = (Commands.DataOption(), Commands.OrganisationOption());
        var command = new Command("forget-host", "Take the keys that a host shows for its own, in the place of those that are known: it was reinstalled.") { name, keys, yes, data, organisation };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            string wanted = arguments.GetRequiredValue(name);
            IReadOnlyList<string> taken = arguments.GetValue(keys) ?? [];
            if (taken.Count == 0)
            {
                var hosts = (await client.GetAsync(SshOperatorRoutes.Hosts, OperatorJson.Default.SshHostsAnswer)).Hosts;
                var host = hosts.FirstOrDefault(host => Names.Comparer.Equals(host.Resource, wanted) || Names.Comparer.Equals(host.Alias, wanted));
                taken = host?.OfferedKeys ?? [];
                if (host is not null && !arguments.GetValue(yes) && !await AskAsync(terminal, host))
                    return 1;
            }

            await client.PostAsync(SshOperatorRoutes.ForgetHost, new SshForgetRequest(wanted, taken), OperatorJson.Default.SshForgetRequest, OperatorJson.Default.SshHostsAnswer);
            await terminal.Output.WriteLineAsync($"What the host of {wanted} shows {(taken.Count == 0 ? "next" : "now")} is taken for its own: \"keyhole-control ssh hosts\" shows it.");
            return 0;
        }));
        return command;
    }

    /// <summary>Shows what is to be compared with "ssh-keygen -lf" on the host.</summary>
    private static async Task<bool> AskAsync(Terminal terminal, SshHostView host)
    {
        foreach (string key in host.HostKeys)
            await terminal.Error.WriteLineAsync($"known: {key}");
        foreach (string key in host.OfferedKeys)
            await terminal.Error.WriteLineAsync($"shown: {key}");
        if (terminal.Ask is null)
            throw new OperatorException("nobody is there to be asked: name the keys by --key, or use --yes");
        if (terminal.Ask(host.OfferedKeys.Count == 0 ? $"{host.Resource} shows no other keys. Forget these, and take whatever it shows next?" : "Take the shown ones in the place of the known?"))
            return true;
        await terminal.Error.WriteLineAsync("Nothing was changed.");
        return false;
    }

    private static async Task<int> ChangeAsync(Terminal terminal, OperatorClient client, SshKeyRequest request, bool json) =>
        await ShowAsync(terminal, await client.PostAsync(SshOperatorRoutes.Authority, request, OperatorJson.Default.SshKeyRequest, OperatorJson.Default.SshAuthorityView), json);

    private static async Task<int> ShowAsync(Terminal terminal, SshAuthorityView view, bool json)
    {
        if (json)
            await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(view, OperatorJson.Readable.SshAuthorityView));
        else if (view.Keys.Count == 0)
            await terminal.Output.WriteLineAsync("There is no CA yet: the first resource with ssh makes one, and so does \"keyhole-control ssh rotate\".");
        else
            foreach (var key in view.Keys)
                await terminal.Output.WriteLineAsync($"{key.Fingerprint}  since {key.CreatedAt.UtcDateTime:yyyy-MM-dd}, trusted by {(key.TrustedBy.Count == 0 ? "no host yet" : string.Join(", ", key.TrustedBy))}\n{key.PublicKey} {view.Authority}");
        return 0;
    }
}
