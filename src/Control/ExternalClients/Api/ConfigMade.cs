namespace Keyhole.Control;

/// <summary>The configuration of a stock app, in the one moment in which its private key can be shown.</summary>
/// <param name="FileName">"phone.conf": wg-quick names the interface after it.</param>
/// <param name="HasPrivateKey">False: the device has it, or it was shown before.</param>
/// <param name="Qr">Null without the private key, and where the text is too long for a code.</param>
internal sealed record ConfigMade(string Config, string FileName, bool HasPrivateKey, QrImages? Qr, IReadOnlyList<string> Notes);
