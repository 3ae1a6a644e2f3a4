using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Ssh;

namespace Keyhole.Client;

/// <summary>Asks Control, as the person who logged in, to sign a key for a host. The account stands ready when it answers.</summary>
internal static class SshSigning
{
    /// <param name="directory">The data directory, which holds the login.</param>
    /// <param name="isPasswordWanted">Whether the account gets a new password.</param>
    /// <exception cref="AgentException">Nobody is logged in, or Control refuses: in its own words.</exception>
    public static async Task<SignedKey> SignAsync(string directory, SshTarget target, SshPublicKey key, bool isPasswordWanted)
    {
        var login = LoginRecord.Load(directory) ?? throw new AgentException("Nobody is logged in here, and SSH needs a person: run 'keyhole login URL' first.");
        if (login.Expires <= DateTimeOffset.UtcNow)
            throw new AgentException("The login has expired: run 'keyhole login' again.");
        using var api = new ControlApi(login.Endpoint, login.Token);
        // Control asks which device a person sits at.
        var (organisation, _) = await DeviceIdentity.EnrolledAsync(login, api, directory).ConfigureAwait(false);
        using var recipient = isPasswordWanted ? new SealedBox.Recipient() : null;
        var question = new JsonObject { ["target"] = target.Host.ToLowerInvariant(), ["publicKey"] = key.ToString() };
        if (recipient is not null)
            question["passwordKey"] = recipient.PublicKey;
        var (status, answer) = await api.PostAsync($"orgs/{Uri.EscapeDataString(organisation)}/ssh/sign", question).ConfigureAwait(false);
        return status is HttpStatusCode.OK or HttpStatusCode.Created ? SignedKey.From(answer, key, recipient) : throw ControlApi.Refusal(status, answer);
    }

    /// <summary>The account is what Control says: another one that was asked for is not to be had.</summary>
    /// <exception cref="AgentException">Another one was asked for.</exception>
    public static void CheckUser(SignedKey signed, string? asked)
    {
        if (asked is not null && asked != signed.Username)
            throw new AgentException($"Your account on {signed.Name} is {signed.Username}, not {asked}: leave the user out.");
    }

    /// <summary>A password is shown once, apart from what programs read.</summary>
    public static void ShowPassword(SignedKey signed)
    {
        if (signed.Password is not { } password)
            return;
        // Not Console.Error, which sets up the terminal that ssh is about to have.
        using var error = Console.OpenStandardError();
        error.Write(Encoding.ASCII.GetBytes($"The password of {signed.Username} on {signed.Name} is {password} (it is not shown again).\n"));
    }
}
