namespace Keyhole.Cryptography;

/// <summary>libsodium is missing, too old, or does not compute what it should. The message names the Debian package.</summary>
public sealed class SodiumUnavailableException : Exception
{
    public SodiumUnavailableException()
    {
    }

    public SodiumUnavailableException(string message)
        : base(message)
    {
    }

    public SodiumUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
