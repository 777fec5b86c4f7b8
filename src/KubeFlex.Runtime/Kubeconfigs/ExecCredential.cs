using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>What a credential plugin answered.</summary>
/// <param name="Token">Bearer token, or null.</param>
/// <param name="CertificatePem">Client certificate, or null.</param>
/// <param name="KeyPem">Its key, or null.</param>
/// <param name="Expires">When to ask again; null for never.</param>
internal sealed record ExecCredential(string? Token, string? CertificatePem, string? KeyPem, DateTimeOffset? Expires)
{
    /// <summary>Runs the plugin of a user entry (<c>client.authentication.k8s.io</c>: an ExecCredential on stdout).</summary>
    public static async Task<ExecCredential> RunAsync(JsonObject exec, string directory, CancellationToken cancellation)
    {
        var command = KubeconfigFile.Text(exec["command"]) ?? "";
        var version = KubeconfigFile.Text(exec["apiVersion"]) ?? "client.authentication.k8s.io/v1";
        var hint = KubeconfigFile.Text(exec["installHint"]) ?? $"Check that \"{command}\" is installed and on PATH.";
        var start = new ProcessStartInfo
        {
            // A path with a separator is relative to the kubeconfig; a bare name is looked up on PATH.
            FileName = command.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(command, directory) : command,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var argument in exec["args"] as JsonArray ?? []) start.ArgumentList.Add(KubeconfigFile.Text(argument) ?? "");
        foreach (var pair in (exec["env"] as JsonArray ?? []).OfType<JsonObject>()) start.Environment[KubeconfigFile.Text(pair["name"]) ?? "_"] = KubeconfigFile.Text(pair["value"]);
        start.Environment["KUBERNETES_EXEC_INFO"] = new JsonObject
        {
            ["apiVersion"] = version,
            ["kind"] = "ExecCredential",
            ["spec"] = new JsonObject { ["interactive"] = !Console.IsInputRedirected },
        }.ToJsonString();
        try
        {
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? Parse(output, command)
                : throw new KubeconfigException($"the credential plugin \"{command}\" exited with code {process.ExitCode}", hint);
        }
        catch (Win32Exception e)
        {
            throw new KubeconfigException($"the credential plugin \"{command}\" cannot be started: {e.Message}", hint, e);
        }
    }

    internal static ExecCredential Parse(string output, string command)
    {
        try
        {
            if (JsonNode.Parse(output)?["status"] is JsonObject status)
            {
                var token = KubeconfigFile.Text(status["token"]);
                var certificate = KubeconfigFile.Text(status["clientCertificateData"]);
                DateTimeOffset? expires = DateTimeOffset.TryParse(KubeconfigFile.Text(status["expirationTimestamp"]), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
                if (token is not null || certificate is not null) return new ExecCredential(token, certificate, KubeconfigFile.Text(status["clientKeyData"]), expires);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Told below: whatever it printed, it is not a credential.
        }
        throw new KubeconfigException($"the credential plugin \"{command}\" printed no ExecCredential with a token or a certificate", "Run it by hand to see what it says.");
    }
}
