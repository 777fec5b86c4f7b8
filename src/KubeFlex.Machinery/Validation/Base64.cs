namespace KubeFlex.Machinery.Validation;

/// <summary>Standard base64 as Go's decoder checks it: line ends are skipped, padding is needed.</summary>
internal static class Base64
{
    /// <summary>Offset of the first offending byte in Go's count, or null when the text is right.</summary>
    internal static int? FirstError(string text)
    {
        int i = 0, inQuantum = 0;
        while (i < text.Length)
        {
            var c = text[i++];
            if (c is '\r' or '\n') continue;
            if (char.IsAsciiLetterOrDigit(c) || c is '+' or '/')
            {
                inQuantum = (inQuantum + 1) % 4;
                continue;
            }
            if (c != '=' || inQuantum < 2) return i - 1;
            if (inQuantum == 2)
            {
                while (i < text.Length && text[i] is '\r' or '\n') i++;
                if (i == text.Length) return text.Length;
                if (text[i++] != '=') return i - 1;
            }
            while (i < text.Length && text[i] is '\r' or '\n') i++;
            return i < text.Length ? i : null;
        }
        // Go reports where the last, incomplete group of four begins.
        return inQuantum == 0 ? null : text.Length - inQuantum;
    }
}
