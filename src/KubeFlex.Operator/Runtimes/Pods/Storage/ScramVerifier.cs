using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KubeFlex.Operator.Runtimes.Pods.Storage;

/// <summary>
/// What PostgreSQL stores of a password (RFC 5803 in PostgreSQL's text form): with it a role can be given a password without the password being in any
/// statement, and so in no log.
/// </summary>
internal static class ScramVerifier
{
    // PostgreSQL's own default.
    private const int Iterations = 4096;

    /// <summary>The verifier of an ASCII password. The salt comes from the password, which is random: the same one gives the same text.</summary>
    public static string Of(string password) => Of(password, SHA256.HashData([.. "kubeflex salt "u8, .. Encoding.ASCII.GetBytes(password)])[..16]);

    /// <summary>The same with a given salt.</summary>
    public static string Of(string password, byte[] salt)
    {
        var secret = Encoding.ASCII.GetBytes(password);
        var salted = Rfc2898DeriveBytes.Pbkdf2(secret, salt, Iterations, HashAlgorithmName.SHA256, 32);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return string.Create(CultureInfo.InvariantCulture, $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}");
    }
}
