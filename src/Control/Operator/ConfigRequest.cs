namespace Keyhole.Control;

/// <param name="NewKey">Replace the keys that were shown before.</param>
/// <param name="ForQr">It is to be a QR code: refused where it would be too long or hold no private key.</param>
internal sealed record ConfigRequest(string Name, bool NewKey, bool ForQr = false);
