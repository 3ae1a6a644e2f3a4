using System.Buffers.Text;
using System.Security.Cryptography;
using Keyhole.Cryptography;

namespace Keyhole.Agent;

/// <summary>The agent's static private key: base64 of 32 bytes on one line, mode 0600. It is made here and never leaves.</summary>
public static class StaticKeyFile
{
    private const int TextLength = 44;

    /// <summary>Reads the key, or makes one when the file does not exist.</summary>
    /// <exception cref="AgentException">The file is not a key, is open to others, or cannot be read or written.</exception>
    public static PrivateKey LoadOrCreate(string file, RandomSource random)
    {
        try
        {
            return File.Exists(file) ? Load(file) : Create(file, random);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The key file {file} cannot be used: {e.Message}", e);
        }
    }

    private static PrivateKey Load(string file)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode)0x3F) != 0)
            throw new AgentException($"The key file {file} is open to other users: run 'chmod 600 {file}'. If somebody may have read it, delete it: a new key is made at the next start.");
        Span<byte> text = stackalloc byte[TextLength + 2];
        Span<byte> key = stackalloc byte[PrivateKey.Length + 1];
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            int length = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            if (Base64.DecodeFromUtf8(text[..length].TrimEnd("\r\n"u8), key, out _, out int written) != System.Buffers.OperationStatus.Done || written != PrivateKey.Length)
                throw new AgentException($"The key file {file} does not hold base64 of 32 bytes.");
            return new PrivateKey(key[..PrivateKey.Length]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static PrivateKey Create(string file, RandomSource random)
    {
        var key = PrivateKey.Generate(random);
        Span<byte> bytes = stackalloc byte[PrivateKey.Length];
        Span<byte> text = stackalloc byte[TextLength + 1];
        try
        {
            key.Export(bytes);
            Base64.EncodeToUtf8(bytes, text, out _, out int written);
            text[written] = (byte)'\n';
            DataDirectory.WriteAtomically(file, text[..(written + 1)]);
            return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            CryptographicOperations.ZeroMemory(text);
        }
    }
}
