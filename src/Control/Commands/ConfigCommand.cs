using System.CommandLine;
using System.Text.Json;

namespace Keyhole.Control;

/// <summary>What "serve" would be told by flags, environment and file together.</summary>
internal static class ConfigCommand
{
    public static Command Create(Terminal terminal)
    {
        var settings = new ServeSettings();
        var json = Commands.JsonOption();
        var print = new Command("print", "Print every setting of \"serve\" with its value and where that comes from. Secrets are masked. Takes the flags of \"serve\" too.") { json };
        settings.AddTo(print);
        print.SetAction((arguments, _) => Commands.RunAsync(terminal, async () =>
        {
            var values = settings.Read(arguments).Print();
            if (arguments.GetValue(json))
            {
                await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(values, OperatorJson.Readable.IReadOnlyListPrintedValue));
                return 0;
            }

            int width = values.Max(value => value.Key.Length);
            foreach (var value in values)
                await terminal.Output.WriteLineAsync($"{value.Key.PadRight(width)}  {(value.Value is null ? "-" : Findings.Shown(value.Value))}  ({value.Source})");
            return 0;
        }));
        return new Command("config", "The configuration of the server.") { print };
    }
}
