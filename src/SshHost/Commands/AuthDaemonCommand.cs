using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Keyhole.Agent;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary><c>auth-daemon</c>: serves connectors on other hosts; and <c>auth-daemon principals</c>, which sshd asks.</summary>
public static class AuthDaemonCommand
{
    /// <param name="program">The program whose command it is: "keyhole".</param>
    public static Command Create(string program)
    {
        var command = AgentProgram.SettingsCommand("auth-daemon", $"Makes the accounts of this host for those who log in by 'keyhole ssh' (run by root; '{program} ssh setup' tells the SSH server).",
            [AuthDaemonSettings.PreSharedKeyFile, AuthDaemonSettings.PreSharedKey, AuthDaemonSettings.Port, AuthDaemonSettings.Listen, AuthDaemonSettings.State,
                AuthDaemonSettings.SshDirectory, AuthDaemonSettings.IdleDays, AgentSettings.Log], (values, _) => Guard(() => RunAsync(values)));
        command.Subcommands.Add(PrincipalsCommand());
        command.Subcommands.Add(AdmitCommand());
        return command;
    }

    private static Command AdmitCommand() =>
        AgentProgram.SettingsCommand("admit", "Lets the next connector that knows the pre-shared key speak for an organisation at this host: of one more organisation, or of another site of one.",
            [AuthDaemonSettings.Authority, AuthDaemonSettings.State], (values, output) => Guard(async () =>
            {
                string authority = values.Require(AuthDaemonSettings.Authority);
                await LocalAuthDaemon.AdmitAsync(Path.GetFullPath(values.Require(AuthDaemonSettings.State)), authority, TimeProvider.System).ConfigureAwait(false);
                await output.WriteLineAsync($"One more connector speaks for the organisation {authority} here, with those of its site that its Control names: the next within an hour that knows the pre-shared key.").ConfigureAwait(false);
                return 0;
            }));

    private static Command PrincipalsCommand() =>
        AgentProgram.SettingsCommand("principals", "Prints whom sshd lets in to an account (AuthorizedPrincipalsCommand): one per line, nothing for accounts that are not ours.",
            [AuthDaemonSettings.Username, AuthDaemonSettings.CertificateAuthority, AuthDaemonSettings.State], (values, output) => Guard(async () =>
            {
                string name = values.Require(AuthDaemonSettings.Username);
                var store = HostStore.ForReading(Path.GetFullPath(values.Require(AuthDaemonSettings.State)));
                foreach (string principal in await HostPrincipals.ForAsync(store, name, values.Get(AuthDaemonSettings.CertificateAuthority)).ConfigureAwait(false))
                    await output.WriteLineAsync(principal).ConfigureAwait(false);
                return 0;
            }));

    private static async Task<int> RunAsync(SettingValues values)
    {
        using var loggers = new LineLoggerFactory(Console.Error, AgentOptions.LevelFrom(values.Require(AgentSettings.Log)), TimeProvider.System);
        var log = loggers.CreateLogger("auth-daemon");
        var preSharedKey = await KeyFromAsync(values, log).ConfigureAwait(false);
        int port = values.Number(AuthDaemonSettings.Port, 0, 65_535)!.Value;
        string listen = values.Require(AuthDaemonSettings.Listen);
        if (!IPAddress.TryParse(listen, out var address))
            throw new AuthDaemonException($"{AuthDaemonSettings.Listen.Flag} '{listen}' is not an IP address.");
        if (address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6)
            address = IPAddress.Any;
        var options = AuthDaemonOptions.From(values, AuthDaemonSettings.State, AuthDaemonSettings.SshDirectory, AuthDaemonSettings.IdleDays);
        using var signals = new ShutdownSignals();
        await using var daemon = LocalAuthDaemon.Open(options, log, TimeProvider.System);
        using var certificate = await DaemonCertificate.LoadOrCreateAsync(options.StateDirectory, preSharedKey, TimeProvider.System).ConfigureAwait(false);
        await using var server = new AuthDaemonServer(new IPEndPoint(address, port), daemon, preSharedKey, certificate, log, TimeProvider.System);
        await signals.Stop.ConfigureAwait(false);
        return 0;
    }

    private static async Task<PreSharedKey> KeyFromAsync(SettingValues values, ILogger log)
    {
        if (values.FindEither(AuthDaemonSettings.PreSharedKey, AuthDaemonSettings.PreSharedKeyFile) is not var (value, source, isFile))
            throw new AuthDaemonException($"A pre-shared key is required: {AuthDaemonSettings.PreSharedKeyFile.Flag} FILE, {AuthDaemonSettings.PreSharedKeyFile.Variable} or {AuthDaemonSettings.PreSharedKey.Variable}.");
        if (!isFile)
        {
            if (source == SettingSource.Flag)
                SshHostLog.KeyOnCommandLine(log);
            return new PreSharedKey(value, source == SettingSource.Flag ? AuthDaemonSettings.PreSharedKey.Flag : AuthDaemonSettings.PreSharedKey.Variable);
        }

        try
        {
            string content = await File.ReadAllTextAsync(value).ConfigureAwait(false);
            var open = File.GetUnixFileMode(value) & ~AtomicFile.Secret;
            // Of root's group alone: a file that systemd hands to a service.
            bool isOfGroupRoot = (await HostProgram.RequireAsync("stat", ["-L", "-c", "%g", "--", Path.GetFullPath(value)]).ConfigureAwait(false)).Trim() == "0";
            if ((open & (UnixFileMode)0x3F & ~(isOfGroupRoot ? UnixFileMode.GroupRead : 0)) != 0)
                throw new AuthDaemonException($"The pre-shared key file {value} is open to other users, and whoever reads it can meet a host in the connector's place: run 'chmod 600 {value}'.");
            return new PreSharedKey(content, $"the file {value}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new AuthDaemonException($"The pre-shared key file {value} cannot be read: {e.Message}", e);
        }
    }

    internal static async Task<int> Guard(Func<Task<int>> action)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (AuthDaemonException e)
        {
            throw new AgentException(e.Message, e);
        }
    }
}
