using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Keyhole.SshHost;

/// <summary>The state directory. Whoever changes it holds its lock, in this process and among processes; whoever reads it sees the last state that was written whole.</summary>
#pragma warning disable CA1001 // the semaphore holds no handle of the system unless it is asked for one
internal sealed class HostStore
#pragma warning restore CA1001
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int TokenLength = 16;
    private const int MaximumStateLength = 64 * 1024 * 1024;

    /// <summary>An order takes a second or two, and those before it are few.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly string _directory;

    private HostStore(string directory) => _directory = directory;

    private string StateFile => Path.Combine(_directory, "state.json");

    private string TokenFile => Path.Combine(_directory, "host-token");

    /// <summary>Makes the directory and the host's token where they are missing.</summary>
    /// <exception cref="AuthDaemonException">It cannot be used.</exception>
    public static async Task<HostStore> OpenAsync(string directory)
    {
        await TrustedPath.MakeAsync(directory, Private).ConfigureAwait(false);
        var store = new HostStore(directory);
        using var entered = await store.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        AtomicFile.Clean(directory);
        if (!File.Exists(store.TokenFile))
            await AtomicFile.WriteAsync(store.TokenFile, Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(2 * TokenLength, lowercase: true)), AtomicFile.Secret).ConfigureAwait(false);
        return store;
    }

    /// <summary>For reading alone.</summary>
    public static HostStore ForReading(string directory) => new(directory);

    /// <summary>Waits for its turn; the state may be changed until the answer is disposed.</summary>
    /// <exception cref="AuthDaemonException">Another process has held the lock for too long.</exception>
    public async Task<HostTurn> EnterAsync(CancellationToken cancelled)
    {
        await _gate.WaitAsync(cancelled).ConfigureAwait(false);
        try
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            while (true)
            {
                try
                {
                    var held = new FileStream(Path.Combine(_directory, "lock"), new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = AtomicFile.Secret });
                    try
                    {
                        return new HostTurn(this, Read(), held, _gate);
                    }
                    catch
                    {
                        held.Dispose();
                        throw;
                    }
                }
                catch (IOException e) when (clock.Elapsed > Patience)
                {
                    throw new AuthDaemonException($"Another process holds {_directory}: {e.Message}", e);
                }
                catch (IOException)
                {
                    await Task.Delay(20, cancelled).ConfigureAwait(false);
                }
            }
        }
        catch
        {
            _gate.Release();
            throw;
        }
    }

    /// <exception cref="AuthDaemonException">It cannot be read.</exception>
    public HostState Read()
    {
        try
        {
            if (!File.Exists(StateFile))
                return new HostState();
            if (new FileInfo(StateFile).Length > MaximumStateLength)
                throw new AuthDaemonException($"The state {StateFile} is too long to be one.");
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(StateFile), SshHostJson.Default.HostState);
            return state is { Version: 1 } ? state : throw new AuthDaemonException($"The state {StateFile} is of another version of the auth daemon.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new AuthDaemonException($"The state {StateFile} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Only by <see cref="HostTurn"/>.</summary>
    public async Task WriteAsync(HostState state)
    {
        try
        {
            await AtomicFile.WriteAsync(StateFile, JsonSerializer.SerializeToUtf8Bytes(state, SshHostJson.Default.HostState), AtomicFile.Secret).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuthDaemonException($"The state {StateFile} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>
    /// What principals of an organisation hold that only this host and that organisation know: 32 hexadecimal digits, from the host's token by HMAC-SHA256. So no organisation
    /// can name the accounts of another on the same host.
    /// </summary>
    /// <exception cref="AuthDaemonException">The host's token cannot be read.</exception>
    public string TokenFor(string authority)
    {
        try
        {
            byte[] token = Convert.FromHexString(File.ReadAllText(TokenFile).Trim());
            if (token.Length != TokenLength)
                throw new FormatException("It is not 32 hexadecimal digits.");
            return Convert.ToHexStringLower(HMACSHA256.HashData(token, Encoding.ASCII.GetBytes($"keyhole principal {authority}")).AsSpan(0, TokenLength));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new AuthDaemonException($"The host's token {TokenFile} cannot be read: {e.Message}", e);
        }
    }
}
