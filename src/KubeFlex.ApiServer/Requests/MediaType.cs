using System.Diagnostics.CodeAnalysis;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Requests;

/// <summary>How an answer is written.</summary>
internal enum Format { Json, Yaml }

/// <summary>What an answer shows of its objects.</summary>
internal enum Shape { Object, Table, Metadata, MetadataList }

/// <summary>The outcome of content negotiation on <c>Accept</c>.</summary>
/// <param name="Encoding">How the bytes are written.</param>
/// <param name="Shape">Objects as they are, tables, or metadata only.</param>
/// <param name="TransformVersion">Version of <c>meta.k8s.io</c> asked for.</param>
internal sealed record MediaType(Format Encoding, Shape Shape, string TransformVersion)
{
    public static readonly MediaType Json = new(Format.Json, Shape.Object, "");
    private static readonly MediaType Yaml = new(Format.Yaml, Shape.Object, "");

    public const string Supported = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    public string ContentType => Encoding == Format.Yaml ? "application/yaml" : "application/json";

    /// <summary>Takes the best acceptable range; ranges of equal quality count in the order they stand.</summary>
    public static bool TryNegotiate(string? accept, bool watch, [NotNullWhen(true)] out MediaType? result)
    {
        result = Json;
        if (string.IsNullOrEmpty(accept) || accept is "application/json" or "*/*") return true;
        MediaType? best = null;
        var bestQuality = 0.0;
        foreach (var part in accept.Split(','))
        {
            var (candidate, quality) = Read(part);
            if (candidate is null || quality <= bestQuality) continue;
            (best, bestQuality) = (candidate, quality);
        }
        result = best;
        return best is not null;
    }

    public static ApiError NotAcceptable(bool watch) =>
        ApiError.NotAcceptable($"only the following media types are accepted: {Supported}{(watch ? ", application/json;stream=watch, application/yaml;stream=watch, application/vnd.kubernetes.protobuf;stream=watch" : "")}");

    private static (MediaType?, double) Read(string range)
    {
        string? @as = null, version = null, group = null;
        var quality = 1.0;
        var pieces = range.Split(';');
        foreach (var piece in pieces.AsSpan(1))
        {
            var eq = piece.IndexOf('=', StringComparison.Ordinal);
            if (eq < 0) continue;
            var value = piece[(eq + 1)..].Trim();
            switch (piece[..eq].Trim())
            {
                case "as": @as = value; break;
                case "v": version = value; break;
                case "g": group = value; break;
                case "q": _ = double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out quality); break;
                default: break;
            }
        }
        var encoding = pieces[0].Trim() switch
        {
            "application/json" or "*/*" or "application/*" => Format.Json,
            "application/yaml" => Format.Yaml,
            _ => (Format?)null,
        };
        if (encoding is not { } e) return (null, 0);
        if (@as is null) return (e == Format.Json ? Json : Yaml, quality);
        if (group != "meta.k8s.io" || version is not ("v1" or "v1beta1")) return (null, 0);
        var shape = @as switch { "Table" => Shape.Table, "PartialObjectMetadata" => Shape.Metadata, "PartialObjectMetadataList" => Shape.MetadataList, _ => (Shape?)null };
        return shape is { } s ? (new MediaType(e, s, version), quality) : (null, 0);
    }
}
