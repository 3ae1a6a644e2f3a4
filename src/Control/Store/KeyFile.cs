using System.Security.Cryptography;

namespace Keyhole.Control;

/// <summary>The key that seals secrets in the database, kept beside it in a file of its own (docs/decisions/002).</summary>
internal static class KeyFile
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the key, 32 bytes; null where there is no file.</summary>
    /// <exception cref="OperatorException">The file holds no key.</exception>
    public static byte[]? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        var key = new byte[SecretBox.KeyLength];
        if (!Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out int length) || length != key.Length)
            throw new OperatorException($"{path} is damaged: it holds no key of {SecretBox.KeyLength} bytes; restore it from your backup");
        return key;
    }

    /// <summary>Makes a key; after a crash the file is whole or not there.</summary>
    public static byte[] Create(string path)
    {
        byte[] key = RandomNumberGenerator.GetBytes(SecretBox.KeyLength);
        string unfinished = path + ".new";
        File.Delete(unfinished);
        using (var stream = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Mode }))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + "\n"));
            stream.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: false);
        return key;
    }
}
