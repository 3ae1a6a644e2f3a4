using System.CommandLine;
using System.Text.Json;

namespace Keyhole.Control;

internal static class ProvisioningKeyCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "What to call the key." };
        var site = new Option<string?>("--connector") { Description = "The key makes connectors of this site; without it, machines.", HelpName = "SITE" };
        var uses = new Option<int?>("--uses") { Description = "How often it may be used; 1 where it is left out.", HelpName = "N" };
        var approval = new Option<bool>("--approval") { Description = "What it makes waits until somebody approves it." };
        var expires = new Option<string?>("--expires") { Description = "A day like 2027-01-31 (until its end, UTC) or an instant like 2027-01-31T12:00:00Z.", HelpName = "WHEN" };
        var data = Commands.DataOption();
        var organisation = Commands.OrganisationOption();
        var json = Commands.JsonOption();
        var create = new Command("create", "Make a key by which machines or connectors make themselves known at their first start.") { name, site, uses, approval, expires, data, organisation, json };
        create.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var input = new ProvisioningKeyInput
            {
                Name = arguments.GetRequiredValue(name),
                Kind = arguments.GetValue(site) is null ? "machine" : "connector",
                Site = arguments.GetValue(site),
                MaximumUses = arguments.GetValue(uses),
                Approval = arguments.GetValue(approval),
                Expires = arguments.GetValue(expires),
            };
            var made = await client.PostAsync(OperatorRoutes.ProvisioningKeys, input, OperatorJson.Default.ProvisioningKeyInput, OperatorJson.Default.ProvisioningKeyMade);
            await terminal.Output.WriteLineAsync(arguments.GetValue(json)
                ? JsonSerializer.Serialize(made, OperatorJson.Default.ProvisioningKeyMade)
                : $"key: {made.Key}\n\nThe key is shown this once. Write it into a file of mode 0600 and name that by --provisioning-key-file.");
            return 0;
        }));
        return new Command("provisioning-key", "Keys by which machines and connectors make themselves known.") { create };
    }
}
