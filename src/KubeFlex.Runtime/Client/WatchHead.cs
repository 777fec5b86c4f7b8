using System.Text.Json;

namespace KubeFlex.Runtime.Client;

/// <summary>What an event of a watch is about, read from its first bytes: servers write an object's metadata before the rest.</summary>
/// <param name="Type">ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</param>
/// <param name="Namespace">Namespace of the object, or empty.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its resource version.</param>
public readonly record struct WatchHead(string Type, string Namespace, string Name, ulong Version)
{
    /// <summary>The head; null when the line does not tell all of it.</summary>
    internal static WatchHead? Read(ReadOnlySpan<byte> line)
    {
        string? type = null;
        var reader = new Utf8JsonReader(line);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8)) type = Text(ref reader);
                else if (type is not null && reader.ValueTextEquals("object"u8)) return OfObject(type, ref reader);
                else Pass(ref reader);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Whoever parses the line says what is wrong with it.
        }
        return null;
    }

    private static WatchHead? OfObject(string type, ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8)) return OfMetadata(type, ref reader);
            Pass(ref reader);
        }
        return null;
    }

    private static WatchHead? OfMetadata(string type, ref Utf8JsonReader reader)
    {
        string? ns = null, name = null;
        ulong? version = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8)) name = Text(ref reader);
            else if (reader.ValueTextEquals("namespace"u8)) ns = Text(ref reader);
            else if (reader.ValueTextEquals("resourceVersion"u8)) version = ulong.TryParse(Text(ref reader), out var number) ? number : null;
            else Pass(ref reader);
        }
        return name is not null && version is { } v ? new WatchHead(type, ns ?? "", name, v) : null;
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString();
    }

    private static void Pass(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }
}
