using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.Etcd;
using KubeFlex.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.StorageOnly;

/// <summary>
/// The certificate, key and authorities that <c>storage serve</c> shows and trusts, as they are on disk at each handshake: what renews them writes the files
/// and nobody restarts anything. Contents are compared, not times: a mounted secret changes by a symbolic link above the files. While the three do not
/// belong together (half of them is new), what was read before counts.
/// </summary>
internal sealed partial class ServingFiles
{
    private readonly string certificateFile, keyFile, authoritiesFile;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private byte[] digest;
    private byte[] refused = [];
    private EtcdTls current;

    /// <summary>Reads them; what cannot be used is a <see cref="StartupException"/>.</summary>
    public ServingFiles(string certificateFile, string keyFile, string authoritiesFile, ILogger logger)
    {
        (this.certificateFile, this.keyFile, this.authoritiesFile, this.logger) = (certificateFile, keyFile, authoritiesFile, logger);
        try
        {
            var texts = Read();
            (digest, current) = (Digest(texts), Parse(texts));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new StartupException(ExitCode.Usage, $"{certificateFile}, {keyFile} or {authoritiesFile} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>What counts now.</summary>
    public EtcdTls Current()
    {
        lock (gate)
        {
            byte[] now = [];
            try
            {
                var texts = Read();
                now = Digest(texts);
                if (now.AsSpan().SequenceEqual(digest) || now.AsSpan().SequenceEqual(refused)) return current;
                // The former certificate may be in the hands of a handshake: it is left to the garbage collector.
                (digest, current) = (now, Parse(texts));
                Renewed(logger, current.Certificate.NotAfter.ToUniversalTime());
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
            {
                // Said once per content; a file that is away for a moment is said when it stays so long that the certificate ends.
                if (now.Length > 0) Unusable(logger, $"{certificateFile}, {keyFile} or {authoritiesFile}", e.Message);
                refused = now;
            }
            return current;
        }
    }

    private string[] Read() => [File.ReadAllText(certificateFile), File.ReadAllText(keyFile), File.ReadAllText(authoritiesFile)];

    private static byte[] Digest(string[] texts) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\0', texts)));

    private static EtcdTls Parse(string[] texts)
    {
        using var pem = X509Certificate2.CreateFromPem(texts[0], texts[1]);
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(texts[2]);
        if (authorities.Count == 0) throw new ArgumentException("the authorities' file holds no certificate");
        // Some platforms' TLS takes only keys that come this way.
        return new(X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null), authorities);
    }

    [LoggerMessage(413, LogLevel.Information, "The certificates on disk are new; they count from now on (the server's ends {End:u})")]
    private static partial void Renewed(ILogger logger, DateTime end);

    [LoggerMessage(414, LogLevel.Warning, "{Files} changed and cannot be used, so the former ones still count: {Why}")]
    private static partial void Unusable(ILogger logger, string files, string why);
}
