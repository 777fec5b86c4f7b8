using System.Security.Cryptography;

namespace KubeFlex.Runtime.Certificates;

/// <summary>A P-256 key pair that signs tokens, PEM: the private part PKCS#8, the public part SubjectPublicKeyInfo.</summary>
/// <param name="PrivatePem">Private key.</param>
/// <param name="PublicPem">Public key.</param>
public sealed record SigningKey(string PrivatePem, string PublicPem)
{
    /// <summary>Makes a new pair.</summary>
    public static SigningKey Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Of(key);
    }

    /// <summary>The pair of a private key (EC or RSA; RSA keys come from older installations), or null when the text is none.</summary>
    public static SigningKey? TryLoad(string privatePem)
    {
        AsymmetricAlgorithm[] kinds = [ECDsa.Create(), RSA.Create()];
        try
        {
            foreach (var kind in kinds)
            {
                try
                {
                    kind.ImportFromPem(privatePem);
                    return new SigningKey(privatePem, kind.ExportSubjectPublicKeyInfoPem() + "\n");
                }
                catch (Exception e) when (e is CryptographicException or ArgumentException)
                {
                    // Not this kind of key.
                }
            }
            return null;
        }
        finally
        {
            foreach (var kind in kinds) kind.Dispose();
        }
    }

    private static SigningKey Of(ECDsa key) => new(key.ExportPkcs8PrivateKeyPem() + "\n", key.ExportSubjectPublicKeyInfoPem() + "\n");
}
