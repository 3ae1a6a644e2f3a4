using System.CommandLine;
using Microsoft.Extensions.Logging.Console;

namespace Keyhole.Control;

internal static class ServeCommand
{
    public static Command Create(Terminal terminal)
    {
        var settings = new ServeSettings();
        var command = new Command("serve", "Run the server in the foreground. A flag wins over the environment, the environment over the configuration file.");
        settings.AddTo(command);
        command.SetAction((arguments, stopped) => Commands.RunAsync(terminal, async () =>
        {
            var options = ServeOptions.Parse(settings.Read(arguments));
            await using var server = await ControlServer.StartAsync(options, TimeProvider.System, LogToStandardError);
            await terminal.Output.WriteLineAsync($"keyhole-control listens on {server.Address.GetLeftPart(UriPartial.Authority)}");
            await terminal.Output.FlushAsync(CancellationToken.None);
            await Task.Delay(Timeout.Infinite, stopped).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return 0;
        }));
        return command;
    }

    private static void LogToStandardError(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
