namespace Keyhole.Control;

/// <summary>What a waiting machine is told (RFC 8628 section 3.5).</summary>
/// <param name="Error">authorization_pending, slow_down, access_denied or expired_token; null: the machine is logged in.</param>
/// <param name="Token">Of its session.</param>
internal sealed record DevicePoll(string? Error, LoginSession? Session = null, string? Token = null)
{
    public const string Pending = "authorization_pending";
    public const string SlowDown = "slow_down";
    public const string Denied = "access_denied";
    public const string Expired = "expired_token";
}
