"""Why an uploaded spreadsheet is not read: one class, one code and one sentence for each reason."""

from app.core.errors import Invalid

# With this status the reading process ends when it has no memory left, not even for a sentence.
OUT_OF_MEMORY = 3


class SpreadsheetRefused(Invalid):
    """The uploaded file cannot be read as the table that was asked for."""

    code = "spreadsheets.refused"
    title = "无法读取上传的表格"


class NotASpreadsheet(SpreadsheetRefused):
    """It is no .xlsx at all, whatever its name says."""

    code = "spreadsheets.not_xlsx"
    title = "这不是.xlsx格式的表格，请用WPS或Excel打开后另存为.xlsx再上传"


class OldFormat(SpreadsheetRefused):
    """It is an .xls, possibly under another name."""

    code = "spreadsheets.old_format"
    title = "这是旧的.xls格式（改扩展名不能转换格式），请用WPS或Excel打开后另存为.xlsx再上传"


class Encrypted(SpreadsheetRefused):
    """It asks for a password."""

    code = "spreadsheets.encrypted"
    title = "表格设有打开密码，请取消密码后再上传"


class Damaged(SpreadsheetRefused):
    """It claims to be an .xlsx and breaks off or contradicts itself."""

    code = "spreadsheets.damaged"
    title = "表格文件已损坏，请用WPS或Excel打开后另存为.xlsx再上传"


class TooBig(SpreadsheetRefused):
    """It is too large, or unpacks to far more than it seems."""

    code = "spreadsheets.too_big"
    title = "表格文件过大，请拆分后再上传"


class TooComplex(SpreadsheetRefused):
    """Reading it took more time or memory than a file of this kind may cost."""

    code = "spreadsheets.too_complex"
    title = "表格过于复杂，没能读完，请把内容复制到下载的模板中再上传"


class MacrosInside(SpreadsheetRefused):
    """It carries programs."""

    code = "spreadsheets.macros"
    title = "表格中带有宏程序，请另存为不带宏的.xlsx再上传"


class ExternalLinks(SpreadsheetRefused):
    """It draws on other files or on the network."""

    code = "spreadsheets.external_links"
    title = "表格中引用了其他文件的数据，请把内容粘贴为数值后再上传"


class HeadersMissing(SpreadsheetRefused):
    """No row near the top names all the columns; the fact ``missing`` lists those not found."""

    code = "spreadsheets.headers_missing"
    title = "表格缺少必需的列"


class HeaderRepeated(SpreadsheetRefused):
    """Two columns have one name, so that nobody can tell which is meant; see the fact ``repeated``."""

    code = "spreadsheets.header_repeated"
    title = "表格中有重名的列"


class SeveralTables(SpreadsheetRefused):
    """A second visible sheet holds the same kind of table, and only one sheet is read."""

    code = "spreadsheets.several_tables"
    title = "不止一个工作表里有名单，请合并到一个工作表，或者分成几个文件上传"


class TooManyRows(SpreadsheetRefused):
    """It has more filled rows than may be imported at once; the fact ``limit`` tells how many may."""

    code = "spreadsheets.too_many_rows"
    title = "表格的行数过多，请拆分后再上传"


class BlankRowsBetween(SpreadsheetRefused):
    """Filled rows follow after a very long run of blank ones, where nobody would look for them."""

    code = "spreadsheets.blank_rows"
    title = "表格中间有大量空行，之后还有内容，请删除空行后再上传"
