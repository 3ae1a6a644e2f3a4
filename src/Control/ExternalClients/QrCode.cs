using System.Text;
using QRCoder;

namespace Keyhole.Control;

/// <summary>A configuration as a QR code (ISO/IEC 18004), for the camera of a stock app.</summary>
internal static class QrCode
{
    /// <summary>What fits at the lowest level of error correction, in bytes.</summary>
    public const int MaximumLength = 2953;

    /// <summary>Up to here the next level fits, which a camera reads more easily.</summary>
    private const int ComfortableLength = 2331;

    private const int PixelsPerModule = 6;

    /// <exception cref="OperatorException">The text is too long.</exception>
    public static byte[] Png(string text)
    {
        using var data = Encode(text);
        using var code = new PngByteQRCode(data);
        return code.GetGraphic(PixelsPerModule);
    }

    /// <exception cref="OperatorException">The text is too long.</exception>
    public static string Svg(string text)
    {
        using var data = Encode(text);
        using var code = new SvgQRCode(data);
        return code.GetGraphic(PixelsPerModule);
    }

    /// <summary>In half blocks, for a dark terminal as for a light one: the quiet zone is part of it.</summary>
    /// <exception cref="OperatorException">The text is too long.</exception>
    public static string Terminal(string text)
    {
        using var data = Encode(text);
        using var code = new AsciiQRCode(data);
        return code.GetGraphicSmall();
    }

    /// <exception cref="OperatorException">The text is too long.</exception>
    public static void Check(string text)
    {
        if (!Fits(text))
            throw new OperatorException($"the configuration has {Encoding.UTF8.GetByteCount(text)} bytes, and a QR code holds {MaximumLength}: give the device the file, or grant less");
    }

    public static bool Fits(string text) => Encoding.UTF8.GetByteCount(text) <= MaximumLength;

    private static QRCodeData Encode(string text)
    {
        Check(text);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return QRCodeGenerator.GenerateQrCode(bytes, bytes.Length <= ComfortableLength ? QRCodeGenerator.ECCLevel.M : QRCodeGenerator.ECCLevel.L);
    }
}
