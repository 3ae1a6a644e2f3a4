using System.Security.Cryptography;
using System.Text;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.SshHost;

/// <summary>Random passwords that nobody reads but the person they are for.</summary>
internal static class Passwords
{
    /// <summary>20 of 56 letters: 116 bits.</summary>
    private const int Length = 20;

    /// <summary>Without those that look alike.</summary>
    private const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

    /// <summary>Gives the account a new password; chpasswd reads it from its standard input.</summary>
    /// <returns>The password, sealed.</returns>
    public static async Task<string> SetAsync(string account, string recipient)
    {
        string password = RandomNumberGenerator.GetString(Letters, Length);
        byte[] bytes = Encoding.ASCII.GetBytes(password);
        string sealedPassword;
        try
        {
            // First, so that nobody has a password that nobody can open.
            sealedPassword = SealedBox.Seal(bytes, recipient);
        }
        catch (ArgumentException e)
        {
            throw new AuthDaemonException("Nothing can be sealed to the key that was sent for the password.", e);
        }
        finally
        {
            Zero.Fill(bytes);
        }

        await HostProgram.RequireAsync("chpasswd", [], $"{account}:{password}\n").ConfigureAwait(false);
        return sealedPassword;
    }
}
