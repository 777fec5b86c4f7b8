using System.Text.Json;

namespace KubeFlex.Machinery.Selectors;

/// <summary>Finds members in UTF-8 JSON without building a tree; stops as soon as it knows.</summary>
internal static class JsonScan
{
    /// <summary>
    /// From a reader before or on the start of an object: moves it onto the start of the object member <paramref name="name"/>.
    /// False when there is none or it is no object.
    /// </summary>
    internal static bool Enter(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name) => Find(ref reader, name) && reader.TokenType == JsonTokenType.StartObject;

    /// <summary>The same for a member of any type: the reader then stands on its value.</summary>
    internal static bool Find(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name)
    {
        if (reader.TokenType == JsonTokenType.None && !reader.Read()) return false;
        if (reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(name)) return reader.Read();
            reader.Skip();
        }
        return false;
    }
}
