namespace Keyhole.Cryptography;

/// <summary>The instruction width of <see cref="TransportCipher"/>; <c>KEYHOLE_CIPHER</c> forces one by its name in lower case.</summary>
internal enum CipherPath
{
    Scalar,
    Vector128,
    Vector256,
    Vector512,
}
