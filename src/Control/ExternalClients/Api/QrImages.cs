namespace Keyhole.Control;

/// <param name="Png">Base64.</param>
internal sealed record QrImages(string Png, string Svg);
