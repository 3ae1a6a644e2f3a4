using System.CommandLine;
using Microsoft.Extensions.Logging.Console;

namespace Keyhole.Control;

internal static class ServeCommand
{
    public static Command Create(Terminal terminal)
    {
        var data = Commands.DataOption();
        var listen = new Option<string>("--listen")
        {
            Description = "Where agents dial in; behind a proxy with HTTPS keep it on loopback.",
            HelpName = "http://ADDR:PORT",
            DefaultValueFactory = _ => ServeOptions.DefaultListen,
        };
        var publicUrl = new Option<string?>("--public-url") { Description = "The URL by which agents reach this server from outside.", HelpName = "URL" };
        var allowHttp = new Option<bool>("--allow-http") { Description = "Take secrets over plain HTTP from other machines: for a network that you trust." };
        var database = Commands.DatabaseOption();
        var command = new Command("serve", "Run the server in the foreground.") { data, listen, publicUrl, allowHttp, database };
        command.SetAction((arguments, stopped) => Commands.RunAsync(terminal, async () =>
        {
            var options = ServeOptions.Parse(
                arguments.GetRequiredValue(data), arguments.GetRequiredValue(listen), arguments.GetValue(publicUrl), arguments.GetValue(allowHttp)) with { Database = DatabaseSource.Read(arguments.GetValue(database)) };
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
