using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KubeFlex.Runtime.Certificates;

/// <summary>
/// Writes a certificate (RFC 5280, 4.1). The framework's <c>CertificateRequest</c> does as much, but answers with a certificate object, for which OpenSSL takes apart
/// again what was just put together; that costs several times what making and signing it does, and all we want is the text.
/// </summary>
internal sealed class CertificateWriter(X500DistinguishedName issuer, X509SignatureGenerator signer)
{
    private static readonly Asn1Tag Version = new(TagClass.ContextSpecific, 0), Extensions = new(TagClass.ContextSpecific, 3);

    /// <summary>The signed certificate as PEM.</summary>
    /// <param name="subject">Whom it is for.</param>
    /// <param name="publicKey">Their key, a SubjectPublicKeyInfo.</param>
    /// <param name="from">First second of its life.</param>
    /// <param name="to">Last second of its life.</param>
    /// <param name="extensions">Extensions.</param>
    public string Write(X500DistinguishedName subject, byte[] publicKey, DateTimeOffset from, DateTimeOffset to, IEnumerable<X509Extension> extensions)
    {
        var algorithm = signer.GetSignatureAlgorithmIdentifier(HashAlgorithmName.SHA256);
        var body = Body(algorithm, subject, publicKey, from, to, extensions);
        var writer = new AsnWriter(AsnEncodingRules.DER, body.Length + 128);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(body);
            writer.WriteEncodedValue(algorithm);
            writer.WriteBitString(signer.SignData(body, HashAlgorithmName.SHA256));
        }
        return PemEncoding.WriteString("CERTIFICATE", writer.Encode()) + "\n";
    }

    private byte[] Body(byte[] algorithm, X500DistinguishedName subject, byte[] publicKey, DateTimeOffset from, DateTimeOffset to, IEnumerable<X509Extension> extensions)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER, 1024);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(Version)) writer.WriteInteger(2);
            writer.WriteInteger(Serial());
            writer.WriteEncodedValue(algorithm);
            writer.WriteEncodedValue(issuer.RawData);
            using (writer.PushSequence())
            {
                WriteTime(writer, from);
                WriteTime(writer, to);
            }
            writer.WriteEncodedValue(subject.RawData);
            writer.WriteEncodedValue(publicKey);
            using (writer.PushSequence(Extensions))
            using (writer.PushSequence())
            {
                foreach (var extension in extensions) Write(writer, extension);
            }
        }
        return writer.Encode();
    }

    private static void Write(AsnWriter writer, X509Extension extension)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(extension.Oid!.Value!);
            // DER leaves defaults out, and the default is false.
            if (extension.Critical) writer.WriteBoolean(true);
            writer.WriteOctetString(extension.RawData);
        }
    }

    private static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        // RFC 5280, 4.1.2.5: two digits of the year through 2049, four from then on.
        if (time.UtcDateTime.Year < 2050) writer.WriteUtcTime(time, 2049);
        else writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
    }

    private static ReadOnlySpan<byte> Serial()
    {
        // RFC 5280, 4.1.2.2: positive, at most 20 octets; a set top bit would make it negative, a zero first octet would not be minimal.
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}
