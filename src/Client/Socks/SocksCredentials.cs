using System.Text;
using Keyhole.Cryptography;

namespace Keyhole.Client;

/// <summary>User and password of the proxy (RFC 1929; RFC 7617 for HTTP), each 1 to 255 bytes. They have no text form.</summary>
internal sealed class SocksCredentials
{
    private const int MaximumLength = 255;

    private readonly byte[] _user;
    private readonly byte[] _password;

    /// <exception cref="ArgumentException">One of them is empty or too long, or the user holds a colon.</exception>
    public SocksCredentials(string user, string password)
    {
        _user = Encoding.UTF8.GetBytes(user);
        _password = Encoding.UTF8.GetBytes(password);
        if (_user.Length is 0 or > MaximumLength || user.Contains(':', StringComparison.Ordinal))
            throw new ArgumentException("The user has 1 to 255 bytes and no colon.", nameof(user));
        if (_password.Length is 0 or > MaximumLength)
            throw new ArgumentException("The password has 1 to 255 bytes.", nameof(password));
    }

    /// <summary>Takes the same time whichever of the two is wrong.</summary>
    public bool Match(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password) =>
        FixedTime.Equals(user, _user) & FixedTime.Equals(password, _password);
}
