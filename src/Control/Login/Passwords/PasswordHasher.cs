using System.Security.Cryptography;
using System.Text;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>
/// Hashes and checks passwords, few at once: each takes its memory while it runs, and a flood of logins must not take that of
/// the machine. An account that does not exist costs what one that does costs.
/// </summary>
internal sealed class PasswordHasher : IDisposable
{
    /// <summary>At 64 MiB each, a quarter of the smallest machine.</summary>
    public const int MaximumAtOnce = 2;

    public const int MaximumWaiting = 64;

    private const int OutputLength = 32;

    private readonly PasswordParameters _parameters;
    private readonly SemaphoreSlim _places = new(MaximumAtOnce);
    private readonly PasswordHash _nobody;
    private int _waiting;
    private long _count;

    public PasswordHasher(PasswordParameters parameters)
    {
        _parameters = parameters;
        _nobody = new PasswordHash(parameters, RandomNumberGenerator.GetBytes(Argon2id.SaltLength), RandomNumberGenerator.GetBytes(OutputLength));
    }

    /// <summary>How many hashes were calculated.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <exception cref="LoginBusyException">Too many wait already.</exception>
    public async Task<string> HashAsync(string password, CancellationToken cancel)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(Argon2id.SaltLength);
        return new PasswordHash(_parameters, salt, await DeriveAsync(password, salt, _parameters, cancel)).ToString();
    }

    /// <param name="stored">Null where there is no such account, or it has no password: then as much work is done, in vain.</param>
    /// <returns>Whether the password is right, and whether it should be hashed anew because the parameters grew.</returns>
    /// <exception cref="LoginBusyException">Too many wait already.</exception>
    public async Task<(bool IsRight, bool IsOutdated)> VerifyAsync(string? stored, string password, CancellationToken cancel)
    {
        var known = stored is null ? null : PasswordHash.Parse(stored);
        var hash = known ?? _nobody;
        byte[] output = await DeriveAsync(password, hash.Salt, hash.Parameters, cancel);
        bool matches = CryptographicOperations.FixedTimeEquals(output, hash.Output) && known is not null;
        bool outdated = hash.Parameters.MemoryKibibytes < _parameters.MemoryKibibytes || hash.Parameters.PassCount < _parameters.PassCount;
        return (matches, matches && outdated);
    }

    public void Dispose() => _places.Dispose();

    private async Task<byte[]> DeriveAsync(string password, byte[] salt, PasswordParameters parameters, CancellationToken cancel)
    {
        if (Interlocked.Increment(ref _waiting) > MaximumWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new LoginBusyException();
        }

        try
        {
            await _places.WaitAsync(cancel);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        try
        {
            Interlocked.Increment(ref _count);
            return await Task.Run(() => Derive(password, salt, parameters), CancellationToken.None);
        }
        finally
        {
            _places.Release();
        }
    }

    private static byte[] Derive(string password, byte[] salt, PasswordParameters parameters)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(password);
        byte[] output = new byte[OutputLength];
        Argon2id.Derive(bytes, salt, parameters.MemoryKibibytes, parameters.PassCount, output);
        CryptographicOperations.ZeroMemory(bytes);
        return output;
    }
}
