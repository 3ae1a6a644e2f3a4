using System.Net;

namespace Keyhole.Control;

/// <summary>Where a login comes from.</summary>
/// <param name="Browser">The token by which a browser is known; null where it has none.</param>
internal sealed record LoginSource(IPAddress Address, string? Browser);
