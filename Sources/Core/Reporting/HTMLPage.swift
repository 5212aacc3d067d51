/// A page of its own: no script, nothing from elsewhere, readable in light and dark.
package struct HTMLPage {
    let title: String
    /// CSS beside the style that all pages share.
    var style = ""
    /// What stands below the title.
    let body: String

    package init(
        title: String, style: String = "", body: String
    ) {
        (self.title, self.style, self.body) = (title, style, body)
    }

    /// The whole page.
    package var text: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(htmlEscaped(title))</title>
        <style>
        \(RunReport.style)
        \(style)
        </style>
        </head>
        <body>
        <main>
        <h1>\(htmlEscaped(title))</h1>
        \(body)
        </main>
        </body>
        </html>

        """
    }
}
