using System.Data.Common;
using System.Globalization;
using System.Text.Json;

namespace CloudLab.ControlPlane.Persistence.Portable;

/// <summary>The lines of an exported table: see <see cref="DatabaseExport"/>.</summary>
internal static class TableText
{
    public static readonly byte[] NewLine = "\n"u8.ToArray();

    public static byte[] Header(string table, IReadOnlyList<TableColumn> columns)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            json.WriteString("table", table);
            json.WriteStartArray("columns");
            foreach (TableColumn column in columns)
            {
                json.WriteStartObject();
                json.WriteString("name", column.Name);
                json.WriteString("kind", ColumnKinds.TextOf(column.Kind));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        text.Write(NewLine);
        return text.ToArray();
    }

    /// <exception cref="InvalidDataException">It is not a header.</exception>
    public static (string Table, TableColumn[] Columns) ReadHeader(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            string table = document.RootElement.GetProperty("table").GetString()!;
            TableColumn[] columns = [.. document.RootElement.GetProperty("columns").EnumerateArray().Select(column => new TableColumn(
                column.GetProperty("name").GetString()!,
                ColumnKinds.Parse(column.GetProperty("kind").GetString()) ?? throw new InvalidDataException("a column is of no known kind")))];
            return (table, columns);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException("a table does not begin with its columns", e);
        }
    }

    public static void WriteRow(Utf8JsonWriter json, DbDataReader row, IReadOnlyList<TableColumn> columns)
    {
        json.WriteStartArray();
        for (int i = 0; i < columns.Count; i++)
        {
            if (row.IsDBNull(i)) json.WriteNullValue();
            else WriteValue(json, row, i, columns[i].Kind);
        }

        json.WriteEndArray();
    }

    /// <summary>A row's values as the parameters of an insert, with times as they are.</summary>
    /// <exception cref="InvalidDataException">It is not such a row.</exception>
    public static object?[] ReadRow(string line, IReadOnlyList<TableColumn> columns)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement row = document.RootElement;
            if (row.GetArrayLength() != columns.Count) throw new InvalidDataException("a row has another number of values than its table of columns");
            return [.. columns.Select((column, i) => ReadValue(row[i], column.Kind))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("a row is malformed", e);
        }
    }

    private static void WriteValue(Utf8JsonWriter json, DbDataReader row, int column, ColumnKind kind)
    {
        switch (kind)
        {
            case ColumnKind.Text:
                json.WriteStringValue(row.GetString(column));
                break;
            case ColumnKind.Integer:
                json.WriteNumberValue(Convert.ToInt64(row.GetValue(column), CultureInfo.InvariantCulture));
                break;
            case ColumnKind.Number:
                json.WriteNumberValue(Convert.ToDouble(row.GetValue(column), CultureInfo.InvariantCulture));
                break;
            case ColumnKind.Boolean:
                json.WriteBooleanValue(row.GetBoolean(column));
                break;
            case ColumnKind.Time:
                json.WriteStringValue(ReadTime(row, column).ToString("O", CultureInfo.InvariantCulture));
                break;
            case ColumnKind.Bytes:
                json.WriteBase64StringValue(row.GetFieldValue<byte[]>(column));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    // SQLite keeps ticks.
    private static DateTimeOffset ReadTime(DbDataReader row, int column) =>
        row.GetFieldType(column) == typeof(long)
            ? new DateTimeOffset(row.GetInt64(column), TimeSpan.Zero)
            : row.GetFieldValue<DateTimeOffset>(column);

    private static object? ReadValue(JsonElement value, ColumnKind kind)
    {
        if (value.ValueKind == JsonValueKind.Null) return null;
        return kind switch
        {
            ColumnKind.Text => value.GetString(),
            ColumnKind.Integer => value.GetInt64(),
            ColumnKind.Number => value.GetDouble(),
            ColumnKind.Boolean => value.GetBoolean(),
            ColumnKind.Time => DateTimeOffset.ParseExact(
                value.GetString()!, "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
            ColumnKind.Bytes => value.GetBytesFromBase64(),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }
}
