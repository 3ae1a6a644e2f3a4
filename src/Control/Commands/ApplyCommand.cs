using System.CommandLine;
using System.Text.Json;

namespace Keyhole.Control;

internal static class ApplyCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Option<string>("--file", "-f") { Description = "The network file; - reads standard input.", HelpName = "network.yaml", Required = true };
        var data = Commands.DataOption();
        var plan = new Option<bool>("--plan") { Description = "Show what would change, and change nothing." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var json = Commands.JsonOption();
        var command = new Command("apply", "Make the network what a file describes: shows the plan first, asks on a terminal.") { file, data, plan, yes, json };
        command.SetAction((arguments, _) =>
            new Run(terminal, arguments.GetRequiredValue(file), arguments.GetValue(plan), arguments.GetValue(yes), arguments.GetValue(json))
                .ExecuteAsync(arguments.GetRequiredValue(data)));
        return command;
    }

    private sealed class Run(Terminal terminal, string file, bool planOnly, bool yes, bool json)
    {
        private readonly string _shownFile = file == "-" ? "stdin" : Findings.Shown(file);

        public Task<int> ExecuteAsync(string data) => Commands.RunAsync(terminal, async () =>
        {
            string text = await ReadAsync();
            // What is wrong in the file alone is said also while no server runs.
            if (DescriptionReader.Read(text, NetworkState.Empty, out var found) is null && found.Any(finding => !NeedsServer(finding)))
                return ShowErrors(found);
            return await Commands.RunAsync(terminal, data, organisation: null, client => ApplyAsync(client, text));
        });

        /// <summary>The one finding that a first application has and a later one may not have.</summary>
        private static bool NeedsServer(Finding finding) => finding.Problem == ClientAddressReader.PrefixNotChosen;

        private async Task<int> ApplyAsync(OperatorClient client, string text)
        {
            long? from = null;
            bool ask = !planOnly && !yes && terminal.Ask is not null;
            if (planOnly || ask)
            {
                var planned = await SendAsync(client, new ApplyRequest(text, PlanOnly: true, FromRevision: null));
                if (planned.Errors.Count != 0 || planOnly)
                    return Show(planned);
                if (!planned.Plan!.IsEmpty)
                {
                    await terminal.Error.WriteAsync(planned.Plan.ToText());
                    if (!terminal.Ask!("Apply?"))
                    {
                        await terminal.Error.WriteLineAsync("Nothing was applied.");
                        return 1;
                    }
                }

                from = planned.Plan.FromRevision;
            }

            var answer = await SendAsync(client, new ApplyRequest(text, PlanOnly: false, from));
            return Show(answer, planShown: ask);
        }

        private async Task<string> ReadAsync()
        {
            try
            {
                string text = file == "-" ? await terminal.Input.ReadToEndAsync() : await File.ReadAllTextAsync(file);
                return text;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new OperatorException($"the network file cannot be read: {error.Message}");
            }
        }

        private static Task<ApplyAnswer> SendAsync(OperatorClient client, ApplyRequest request) =>
            client.PostAsync(OperatorRoutes.Apply, request, OperatorJson.Default.ApplyRequest, OperatorJson.Default.ApplyAnswer);

        private int Show(ApplyAnswer answer, bool planShown = false)
        {
            if (answer.Errors.Count != 0)
                return ShowErrors(answer.Errors);
            if (json)
            {
                terminal.Output.WriteLine(JsonSerializer.Serialize(answer, OperatorJson.Readable.ApplyAnswer));
                return 0;
            }

            if (!planShown || answer.Plan!.IsEmpty)
                terminal.Output.Write(answer.Plan!.ToText());
            if (answer.Applied)
                ShowEnforcement(answer);
            return 0;
        }

        private void ShowEnforcement(ApplyAnswer answer)
        {
            terminal.Output.WriteLine($"Applied as revision {answer.Revision}.");
            foreach (string line in answer.Enforcement.ToLines())
                terminal.Output.WriteLine(line);
        }

        private int ShowErrors(IReadOnlyList<Finding> found)
        {
            if (json)
            {
                var answer = new ApplyErrors(_shownFile, found);
                terminal.Output.WriteLine(JsonSerializer.Serialize(answer, OperatorJson.Readable.ApplyErrors));
            }
            else
            {
                foreach (var finding in found)
                    terminal.Error.WriteLine(finding.ToText(_shownFile));
                terminal.Error.WriteLine($"{found.Count} {(found.Count == 1 ? "error" : "errors")} in {_shownFile}: nothing was applied.");
            }

            return 1;
        }
    }
}
