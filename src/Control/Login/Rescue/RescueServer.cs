using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace Keyhole.Control;

/// <summary>What stands in for a server that does not run, as long as one command takes: the operator's socket with the routes about accounts, and nothing that listens outside.</summary>
internal sealed class RescueServer : IAsyncDisposable
{
    /// <summary>In links: where the server is reached from outside, only its own settings say.</summary>
    private const string Origin = "https://YOUR-SERVER";

    private readonly DataDirectory _directory;
    private readonly FileStream _held;
    private readonly NetworkStore _store;
    private readonly Networks _networks;
    private readonly LoginServices _login;
    private readonly WebApplication _operator;

    private RescueServer(DataDirectory directory, FileStream held, string? connectionString)
    {
        (_directory, _held) = (directory, held);
        _store = NetworkStore.Open(directory, TimeProvider.System, connectionString);
        _networks = new Networks(_store, TimeProvider.System, NullLoggerFactory.Instance);
        _login = new LoginServices(_store, _networks, TimeProvider.System, new LoginAddress(null), PasswordParameters.Default, NullLoggerFactory.Instance);
        _operator = ControlServer.Builder(_ => { }, kestrel => kestrel.ListenUnixSocket(directory.Socket, listen => listen.Protocols = HttpProtocols.Http1)).Build();
        RescueRoutes.Map(_operator, new RescueService(_login, () => Origin), NullLogger.Instance);
    }

    /// <param name="databaseFile">As for "serve"; null: SQLite, or what the environment names.</param>
    /// <returns>Null where a server runs.</returns>
    /// <exception cref="OperatorException">There is no database, or it cannot be used.</exception>
    public static async Task<RescueServer?> StartAsync(DataDirectory directory, string? databaseFile)
    {
        if (directory.TryHold() is not { } held)
            return null;
        try
        {
            string? connectionString = DatabaseSource.Read(databaseFile);
            if (connectionString is null && !File.Exists(directory.Database))
                throw new OperatorException($"no server is running on {directory.Path}, and its database is not there: start the server, or name the database by --database-file");
            var server = new RescueServer(directory, held, connectionString);
            File.Delete(directory.Socket);
            await server._operator.StartAsync();
            return server;
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _networks.DisposeAsync();
        await _operator.StopAsync();
        await _operator.DisposeAsync();
        _login.Dispose();
        File.Delete(_directory.Socket);
        _store.Dispose();
        await _held.DisposeAsync();
    }
}
