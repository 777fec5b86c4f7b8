using System.Net.Http;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Cli.Installation;

/// <summary>
/// The ingress controller for a kind cluster: ingress-nginx's own release manifest, read from where its project publishes it or from a file,
/// with the one flag that control planes need.
/// </summary>
internal sealed class IngressManifest
{
    /// <summary>The release that KubeFlex has always used, in the variant for kind.</summary>
    public const string StandardSource = "https://raw.githubusercontent.com/kubernetes/ingress-nginx/controller-v1.12.1/deploy/static/provider/kind/deploy.yaml";

    // Clients of control planes present certificates, so TLS must reach the control plane itself.
    private const string Passthrough = "--enable-ssl-passthrough";
    private const string Program = "/nginx-ingress-controller";
    private const int MaxBytes = 4 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private IngressManifest(IReadOnlyList<JsonObject> documents, JsonObject controller) => (Documents, Controller) = (documents, controller);

    /// <summary>In the order to apply them.</summary>
    public IReadOnlyList<JsonObject> Documents { get; }

    /// <summary>The Deployment among them that runs the controller.</summary>
    public JsonObject Controller { get; }

    /// <summary>Reads it from an https URL or a file; <paramref name="wayOut"/> is what to do when that does not work.</summary>
    public static async Task<IngressManifest> ReadAsync(string source, CliSession session, string wayOut, CancellationToken cancellation)
    {
        if (!source.Contains("://", StringComparison.Ordinal)) return Parse(await ReadFileAsync(source, wayOut, cancellation), source, wayOut);
        if (!Uri.TryCreate(source, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps)
            throw new CliException($"--ingress-manifest {Shown(source)}: neither an https URL nor a file", ExitCodes.Usage, "Download it where that is safe, and name the file: --ingress-manifest FILE");
        using var step = session.Talk.Begin($"Fetching the ingress controller's manifest from {url.Host}");
        return Parse(await FetchAsync(url, session, wayOut, cancellation), Shown(source), wayOut);
    }

    /// <summary>The source as it may be printed: a URL's user and query may hold secrets.</summary>
    public static string Shown(string source) => source.Contains("://", StringComparison.Ordinal) && Uri.TryCreate(source, UriKind.Absolute, out var url)
        ? url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped) : source;

    /// <summary>Finds the controller's Deployment and adds the flag to its arguments.</summary>
    public static IngressManifest Parse(string text, string source, string wayOut)
    {
        if (!ObjectReader.ReadYamlStream(text).TryGet(out var parsed, out var error)) throw Unusable($"it is not YAML: {error.Message}");
        var documents = new List<JsonObject>();
        foreach (var node in parsed)
        {
            if (node is not JsonObject document || ControlPlaneView.Text(document["kind"]).Length == 0 || ClusterDocuments.NameOf(document).Length == 0)
                throw Unusable($"document {documents.Count + 1} has no kind or no metadata.name");
            documents.Add(document);
        }
        foreach (var document in documents.Where(d => ControlPlaneView.Text(d["kind"]) == "Deployment"))
            foreach (var arguments in (document["spec"]?["template"]?["spec"]?["containers"] as JsonArray ?? []).Select(c => (c as JsonObject)?["args"]).OfType<JsonArray>())
            {
                if (!arguments.Any(a => ControlPlaneView.Text(a) == Program)) continue;
                if (!arguments.Any(a => ControlPlaneView.Text(a) is Passthrough or Passthrough + "=true")) arguments.Add((JsonNode)Passthrough);
                return new(documents, document);
            }
        throw Unusable($"it has no Deployment with a container whose args begin with {Program}");

        CliException Unusable(string why) => new($"{source} is not a manifest of ingress-nginx: {why}", ExitCodes.Usage, wayOut);
    }

    private static async Task<string> ReadFileAsync(string file, string wayOut, CancellationToken cancellation)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"cannot read --ingress-manifest {file}: {e.Message}", ExitCodes.Usage, wayOut);
        }
    }

    private static async Task<string> FetchAsync(Uri url, CliSession session, string wayOut, CancellationToken cancellation)
    {
        CliException Failed(string why) => new($"the ingress controller's manifest cannot be fetched from {Shown(url.AbsoluteUri)}: {why}", ExitCodes.Unreachable, wayOut);
        session.Talk.Explain($"GET {Shown(url.AbsoluteUri)}");
        using var http = new HttpClient { MaxResponseContentBufferSize = MaxBytes, Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            return await Deadline.WithinAsync(Patience, session.Host.Time, token => http.GetStringAsync(url, token), () => Failed($"no answer within {Patience.TotalSeconds:0} s"), cancellation);
        }
        catch (HttpRequestException e)
        {
            throw Failed(e.StatusCode is { } status ? $"it answers {(int)status}" : e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
        }
    }
}
