using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>keyhole-control admin: the accounts of the server, for whoever stands in front of the box; by the server, or while none runs.</summary>
internal static class AdminCommand
{
    private const int MaximumPassword = 4096;

    public static Command Create(Terminal terminal) => new("admin", "Put right who can log in. Everything is written into the audit log.")
    {
        List(terminal),
        ResetPassword(terminal),
        Change(terminal, "make-admin", "Make an account administer the server; one that does not exist is made.", RescueRoutes.MakeAdmin),
        Change(terminal, "disable-2fa", "Take one-time codes, recovery codes and passkeys from an account whose user lost them.", RescueRoutes.RemoveSecondFactor),
        ChangeEmail(terminal),
    };

    private static Command List(Terminal terminal)
    {
        var (data, database, json) = (Commands.DataOption(), Commands.DatabaseOption(), Commands.JsonOption());
        var command = new Command("list", "The accounts.") { data, database, json };
        command.SetAction((arguments, _) => RunAsync(terminal, arguments, data, database, async client =>
        {
            var answer = await client.GetAsync(RescueRoutes.Accounts, RescueJson.Default.AccountsAnswer);
            if (arguments.GetValue(json))
                await WriteAsync(terminal, answer, RescueJson.Default.AccountsAnswer);
            else
                foreach (var account in answer.Accounts)
                    await terminal.Output.WriteLineAsync(Line(account));
            return 0;
        }));
        return command;
    }

    private static Command ResetPassword(Terminal terminal)
    {
        var email = new Argument<string>("EMAIL");
        var file = new Option<string?>("--password-file") { Description = "Set this password instead of making a link; '-' reads standard input.", HelpName = "FILE" };
        var (data, database, json) = (Commands.DataOption(), Commands.DatabaseOption(), Commands.JsonOption());
        var command = new Command("reset-password", "Make a link by which the user sets another password, once and within an hour.") { email, file, data, database, json };
        command.SetAction((arguments, _) => RunAsync(terminal, arguments, data, database, client =>
            SendAsync(terminal, client, RescueRoutes.ResetPassword, new RescueRequest(arguments.GetRequiredValue(email), SecretFile.Read(terminal, arguments.GetValue(file), MaximumPassword)), arguments.GetValue(json))));
        return command;
    }

    private static Command Change(Terminal terminal, string name, string description, string path)
    {
        var email = new Argument<string>("EMAIL");
        var (data, database, json) = (Commands.DataOption(), Commands.DatabaseOption(), Commands.JsonOption());
        var command = new Command(name, description) { email, data, database, json };
        command.SetAction((arguments, _) => RunAsync(terminal, arguments, data, database, client =>
            SendAsync(terminal, client, path, new RescueRequest(arguments.GetRequiredValue(email)), arguments.GetValue(json))));
        return command;
    }

    private static Command ChangeEmail(Terminal terminal)
    {
        var email = new Argument<string>("EMAIL");
        var next = new Argument<string>("NEW-EMAIL");
        var (data, database, json) = (Commands.DataOption(), Commands.DatabaseOption(), Commands.JsonOption());
        var command = new Command("change-email", "Give an account another e-mail address. Its sessions, devices and logins by providers stay.") { email, next, data, database, json };
        command.SetAction((arguments, _) => RunAsync(terminal, arguments, data, database, async client => await ShowAsync(
            terminal,
            await client.PostAsync(
                RescueRoutes.ChangeEmail, new EmailRequest(arguments.GetRequiredValue(email), arguments.GetRequiredValue(next)), RescueJson.Default.EmailRequest, RescueJson.Default.RescueAnswer),
            arguments.GetValue(json))));
        return command;
    }

    /// <summary>By the server; where none runs, this process stands in for it.</summary>
    private static Task<int> RunAsync(Terminal terminal, ParseResult arguments, Option<string> data, Option<string?> database, Func<OperatorClient, Task<int>> command) => Commands.RunAsync(terminal, async () =>
    {
        var directory = DataDirectory.Open(arguments.GetRequiredValue(data));
        await using var standIn = await RescueServer.StartAsync(directory, arguments.GetValue(database));
        using var client = new OperatorClient(directory);
        return await command(client);
    });

    private static async Task<int> SendAsync(Terminal terminal, OperatorClient client, string path, RescueRequest request, bool json) =>
        await ShowAsync(terminal, await client.PostAsync(path, request, RescueJson.Default.RescueRequest, RescueJson.Default.RescueAnswer), json);

    private static async Task<int> ShowAsync(Terminal terminal, RescueAnswer answer, bool json)
    {
        if (json)
        {
            await WriteAsync(terminal, answer, RescueJson.Default.RescueAnswer);
            return 0;
        }

        await terminal.Output.WriteLineAsync(answer.Text);
        if (answer.Link is not null)
            await terminal.Output.WriteLineAsync(answer.Link);
        return 0;
    }

    private static Task WriteAsync<T>(Terminal terminal, T answer, JsonTypeInfo<T> type) => terminal.Output.WriteLineAsync(JsonSerializer.Serialize(answer, type));

    private static string Line(AccountLine account)
    {
        string factors = string.Join(", ", new[]
        {
            account.HasPassword ? "password" : null,
            account.SecondFactor ? "one-time codes" : null,
            account.Passkeys == 0 ? null : $"{account.Passkeys} passkeys",
        }.OfType<string>());
        return $"{account.Email}{(account.IsServerAdmin ? " (server admin)" : "")}: {(factors.Length == 0 ? "no password" : factors)}; {account.Sessions} sessions; "
            + (account.Organisations.Count == 0 ? "no organisation" : string.Join(", ", account.Organisations));
    }
}
