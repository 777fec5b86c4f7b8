using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Commands;

/// <summary>Documents as <c>-o</c> asks for them.</summary>
internal static class OutputFormats
{
    private static readonly JsonSerializerOptions Indented = new(KubeJson.Relaxed) { WriteIndented = true };

    public static string Json(JsonNode document) => document.ToJsonString(Indented);

    public static string NameOf(JsonObject controlPlane) => $"controlplane.{Resources.ControlPlanes.Group}/{new ControlPlaneView(controlPlane).Name}";

    /// <summary>One control plane as json, yaml or name.</summary>
    public static async Task WriteAsync(TextWriter writer, string? format, JsonObject controlPlane)
    {
        if (format == "json") await writer.WriteLineAsync(Json(controlPlane));
        else if (format == "yaml") await writer.WriteAsync(YamlWriter.Write(controlPlane));
        else if (format == "name") await writer.WriteLineAsync(NameOf(controlPlane));
    }
}
