namespace Keyhole.Control;

/// <summary>The answer to a machine that wants to log in (RFC 8628 section 3.2).</summary>
internal sealed record DeviceGrant(string DeviceCode, string UserCode, TimeSpan Life, TimeSpan Interval);
