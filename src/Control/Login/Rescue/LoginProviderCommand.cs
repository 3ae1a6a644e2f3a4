using System.CommandLine;
using System.Text.Json;

namespace Keyhole.Control;

/// <summary>keyhole-control login-provider: the OpenID providers by which users log in.</summary>
internal static class LoginProviderCommand
{
    private const int MaximumSecret = 1024;

    public static Command Create(Terminal terminal) => new("login-provider", "The OpenID Connect providers by which users of an organisation log in.")
    {
        List(terminal),
        Set(terminal),
        Remove(terminal),
    };

    private static Command List(Terminal terminal)
    {
        var data = Commands.DataOption();
        var json = Commands.JsonOption();
        var command = new Command("list", "The providers, without their secrets.") { data, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), null, async client =>
            await WriteAsync(terminal, await client.GetAsync(RescueRoutes.Providers, RescueJson.Default.ProvidersAnswer), arguments.GetValue(json))));
        return command;
    }

    private static Command Set(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "Stands in links and on the button: google, entra." };
        var issuer = new Option<string>("--issuer") { Description = "Exactly as the provider writes it.", HelpName = "URL", Required = true };
        var client = new Option<string>("--client-id") { Description = "What the provider calls this server.", HelpName = "ID", Required = true };
        var secret = new Option<string?>("--client-secret-file") { Description = "The file of the client secret; '-' reads standard input. Without one the client is public.", HelpName = "FILE" };
        var claim = new Option<string?>("--role-claim") { Description = "The claim that lists groups or roles.", HelpName = "CLAIM" };
        var map = new Option<string[]>("--map") { Description = "Who has the value in the claim has the role; who has not loses it. May be given several times.", HelpName = "VALUE=ROLE" };
        var creates = new Option<bool>("--create-users") { Description = "Whoever logs in for the first time becomes a user of the organisation." };
        var organisation = Commands.OrganisationOption();
        var data = Commands.DataOption();
        var json = Commands.JsonOption();
        var command = new Command("set", "Add a provider, or change one.") { name, issuer, client, secret, claim, map, creates, organisation, data, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), null, async socket =>
        {
            var request = new ProviderRequest(
                arguments.GetRequiredValue(name), arguments.GetRequiredValue(issuer), arguments.GetRequiredValue(client), SecretFile.Read(terminal, arguments.GetValue(secret), MaximumSecret),
                arguments.GetValue(organisation), arguments.GetValue(claim), Roles(arguments.GetValue(map) ?? []), arguments.GetValue(creates));
            return await WriteAsync(
                terminal, await socket.PostAsync(RescueRoutes.SetProvider, request, RescueJson.Default.ProviderRequest, RescueJson.Default.ProvidersAnswer), arguments.GetValue(json));
        }));
        return command;
    }

    private static Command Remove(Terminal terminal)
    {
        var name = new Argument<string>("NAME");
        var data = Commands.DataOption();
        var json = Commands.JsonOption();
        var command = new Command("remove", "Remove a provider. Who is logged in stays so.") { name, data, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), null, async socket => await WriteAsync(
            terminal,
            await socket.PostAsync(RescueRoutes.RemoveProvider, new ProviderName(arguments.GetRequiredValue(name)), RescueJson.Default.ProviderName, RescueJson.Default.ProvidersAnswer),
            arguments.GetValue(json))));
        return command;
    }

    private static Dictionary<string, string> Roles(string[] maps)
    {
        var roles = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string map in maps)
        {
            int split = map.LastIndexOf('=');
            if (split < 1 || split == map.Length - 1 || !roles.TryAdd(map[..split], map[(split + 1)..]))
                throw new OperatorException($"--map {Findings.Shown(map)} is not VALUE=ROLE, or names a value twice");
        }

        return roles;
    }

    private static async Task<int> WriteAsync(Terminal terminal, ProvidersAnswer answer, bool json)
    {
        if (json)
        {
            await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(answer, RescueJson.Default.ProvidersAnswer));
            return 0;
        }

        foreach (var provider in answer.Providers)
        {
            await terminal.Output.WriteLineAsync(
                $"{provider.Name}: {provider.Issuer}, client {provider.ClientId}{(provider.HasSecret ? "" : " (public)")}, organisation {provider.Organisation}{(provider.CreatesUsers ? ", makes users" : "")}");
            await terminal.Output.WriteLineAsync($"  redirect URI {provider.Callback}");
            foreach (var (value, role) in provider.Roles)
                await terminal.Output.WriteLineAsync($"  {provider.RoleClaim} {value} -> role {role}");
        }

        return 0;
    }
}
