using System.CommandLine;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole select org</c>: which organisation's network the next 'keyhole up' joins.</summary>
internal static class SelectCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("NAME") { Description = "Without it, the organisations are listed.", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Print a JSON object." };
        return new Command("select", "Chooses what the login leads to.")
        {
            AgentProgram.DirectoryCommand(
                "org", "Chooses the organisation whose network 'keyhole up' joins.", UpSettings.Data, [name, json],
                (directory, parsed, output) => RunAsync(directory, parsed.GetValue(name), parsed.GetValue(json), output)),
        };
    }

    private static async Task<int> RunAsync(string directory, string? name, bool json, TextWriter output)
    {
        var login = LoginRecord.Load(directory) ?? throw new AgentException("Nobody is logged in here: run 'keyhole login URL'.");
        using var api = new ControlApi(login.Endpoint, login.Token);
        var names = await Organisations.ListAsync(api).ConfigureAwait(false);
        if (name is not null)
        {
            login = login with { Organisation = Organisations.Choose(name, names) };
            login.Save(directory);
        }

        if (json)
        {
            await output.WriteLineAsync(new JsonObject
            {
                ["selected"] = login.Organisation,
                ["organisations"] = new JsonArray([.. names.Select(one => (JsonNode)one)]),
            }.ToJsonString()).ConfigureAwait(false);
            return 0;
        }

        foreach (string one in names)
            await output.WriteLineAsync($"{(one == login.Organisation ? "*" : " ")} {AgentProgram.Shown(one)}").ConfigureAwait(false);
        if (name is not null && !DataDirectory.IsFree(directory))
            await output.WriteLineAsync("A tunnel is up: 'keyhole down', then 'keyhole up' joins the new one.").ConfigureAwait(false);
        return 0;
    }
}
